import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { createSearchByTrials } from '../../activities/search/search-by-trials.ts';
import type { LookUp } from '../../activities/search/look-up.ts';
import type { TrialSearchDependencies } from '../../activities/search/search-by-trials.ts';
import { workflowBundle } from '../../containers/worker/bundle.ts';
import { strategyPortsOnDemand } from '../../containers/worker/strategy-ports.ts';
import { sha256 } from '../../nas/core/hash.ts';
import type { JobReport } from '../../nas/job/job-report.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { experimentHash } from '../../nas/experiment/run-record.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { withParallelism } from '../../nas/experiment/settled-experiment.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { searchTrials } from '../../workflows/search-trials.ts';
import type { BenchStack } from './stack.ts';

const MANIFEST = { uri: 's3://bench/none', sha256: '0'.repeat(64), bytes: 1 };
export const SEARCH = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' } as const;

/** A run of one search on the space `darts-cnn`, which is so large that hardly any network comes twice. */
export const recordOf = (
  runId: string,
  {
    strategy,
    evaluations,
    parallelism,
  }: { readonly strategy: string; readonly evaluations: number; readonly parallelism: number },
): RunRecord => {
  const loaded = loadExperiment(
    `name: bench
space: { name: darts-cnn }
strategy: { name: ${strategy} }
task: { data: none }
stages:
  search: { seeds: [0], evaluations: ${evaluations}, recipe: { epochs: 64 } }
  retrain: { topK: 1 }
resources: { memoryMiB: 256 }
`,
    { file: 'bench' },
  );
  const experiment = withParallelism(loaded.experiment, parallelism);
  return {
    version: 1,
    runId,
    experiment,
    experimentHash: experimentHash(experiment, MANIFEST),
    dataset: { name: 'none', manifest: MANIFEST },
    createdAt: new Date().toISOString(),
  };
};

/** A number in [0, 1) that depends on the network alone. */
export const instantScore: LookUp = (genotype, fidelity) => ({
  kind: 'score',
  value: Number.parseInt(sha256(`${fidelity} ${JSON.stringify(genotype)}`).slice(0, 8), 16) / 2 ** 32,
});

type SearchHandle = WorkflowHandle<typeof searchTrials>;

/**
 * Starts the search's own workflow and runs `work` with it, while workers made by `withWorker` carry it out.
 */
export const withSearch = async <T>(
  { address, namespace, store }: BenchStack,
  record: RunRecord,
  dependencies: Pick<TrialSearchDependencies, 'runTrial' | 'lookUp' | 'arrays'>,
  work: (
    start: () => Promise<SearchHandle>,
    withWorker: <R>(during: () => Promise<R>) => Promise<R>,
  ) => Promise<T>,
): Promise<T> => {
  const { runId } = record;
  await createDocument(store, keys.experiment(runId), runRecordSchema, record);
  // Once: it holds the process, and with it every server inside, for seconds.
  const bundle = await workflowBundle(process.env);
  // It ends with the native connection, its one user; without one it would hold the process, and its signals,
  // for ever.
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'error' } },
  });
  const native = await NativeConnection.connect({ address });
  const connection = Connection.lazy({ address });
  const client = new Client({ connection, namespace });
  try {
    return await work(
      () =>
        client.workflow.start<typeof searchTrials>('searchTrials', {
          workflowId: `${runId}/${SEARCH.jobId}`,
          taskQueue: runId,
          args: [{ run: { runId, experimentHash: record.experimentHash }, job: SEARCH }],
        }),
      async (during) => {
        const worker = await Worker.create({
          connection: native,
          namespace,
          taskQueue: runId,
          workflowBundle: bundle,
          activities: {
            searchByTrials: createSearchByTrials({
              store,
              ports: strategyPortsOnDemand(),
              limits: async () => () => false,
              ...dependencies,
            }),
          },
          shutdownGraceTime: 0,
        });
        return worker.runUntil(during);
      },
    );
  } finally {
    await connection.close();
    await native.close();
  }
};

/** The report of a search that must have succeeded, and the length of its history. */
export const succeeded = async (
  handle: SearchHandle,
): Promise<{ readonly report: JobReport; readonly events: number }> => {
  const report = await handle.result();
  if (report.outcome !== 'succeeded')
    throw new Error(`the search ended as ${report.outcome}: ${report.error ?? ''}`);
  return { report, events: (await handle.describe()).historyLength };
};
