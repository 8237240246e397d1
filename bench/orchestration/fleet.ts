/**
 * A fleet of sleeping jobs: one search with thousands of trials in flight on the local Batch endpoint, which
 * throttles like AWS, and a worker that is replaced while all of them run. The store is in memory: Batch is
 * what is tried here.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient } from '@aws-sdk/client-batch';
import { createAwsBatchJobs } from '../../activities/batch/aws-batch-jobs.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { createJobWatcher } from '../../activities/batch/job-watcher.ts';
import { createNoticeWatcher } from '../../activities/batch/notice-watcher.ts';
import { pacedBatchJobs } from '../../activities/batch/paced-batch-jobs.ts';
import { createRunTrial } from '../../activities/search/run-trial.ts';
import { createTrialArrays } from '../../activities/search/trial-arrays.ts';
import { startLocalBatch } from '../../infra/local/batch/server.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import { countNetwork } from '../../nas/training/tasks/count-network.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { readTrialLog } from '../../store/trial-log.ts';
import { createResources, defineJob, newStateDir } from '../../test/infra/batch/harness.ts';
import { withResults } from '../../test/support/results-at-end.ts';
import { SEARCH, recordOf, succeeded, withSearch } from './search.ts';
import { startBenchStack } from './stack.ts';
import type { BenchStack } from './stack.ts';

/** What AWS allows of every operation. */
const CALLS_A_SECOND = 50;
const VCPUS = 10_000;

/** A file whose readers sleep until it is opened for all of them, and later ones go on at once. */
const createGate = (file: string): { open(): Promise<void> } => {
  execFileSync('mkfifo', [file]);
  return {
    open: async () => {
      // For both, since a pipe that nobody reads cannot be opened for writing alone.
      const writer = await open(file, 'r+');
      await writeFile(`${file}.open`, '');
      await rename(`${file}.open`, file);
      await writer.close();
    },
  };
};

interface FleetFigures {
  readonly trials: number;
  readonly scored: number;
  readonly lost: number;
  /** Calls of SubmitJob, and the jobs in them. */
  readonly submissions: number;
  readonly submitted: number;
  /** Jobs that Batch reported as RUNNING at once. */
  readonly peak: number;
  readonly throttled: number;
  /** Events of the search's history. */
  readonly events: number;
  readonly secondsToFill: number;
  readonly seconds: number;
  readonly mebibytes: number;
}

/**
 * Runs a search of `jobs` trials in flight, and a tenth more in all; they end when all of them run under a
 * second worker.
 */
export const runFleet = async (jobs: number): Promise<FleetFigures> => {
  const servers = await startBenchStack();
  try {
    return await runFleetOn(servers, jobs);
  } finally {
    await servers.stop();
  }
};

const runFleetOn = async (servers: BenchStack, jobs: number): Promise<FleetFigures> => {
  const runId = `fleet-${randomBytes(4).toString('hex')}`;
  const store = createMemoryObjectStore();
  const stateDir = newStateDir();
  const gate = createGate(join(stateDir, 'gate'));
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const endpoint = await startLocalBatch({
    credentials,
    place: { region: 'us-east-1', account: '000000000000' },
    stateDir,
    slots: jobs,
    vcpus: VCPUS,
    rateLimits: { SubmitJob: CALLS_A_SECOND, DescribeJobs: CALLS_A_SECOND, ListJobs: CALLS_A_SECOND },
    enforceMemory: false,
  });
  const client = new BatchClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 10,
    retryMode: 'adaptive',
  });
  let throttled = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if ((error as Error).name === 'TooManyRequestsException') throttled++;
        throw error;
      }
    },
    { step: 'deserialize', priority: 'high' },
  );
  const inFlight = new Set<string>();
  let peak = 0;
  let submissions = 0;
  let submitted = 0;
  try {
    await createResources(client, VCPUS);
    await defineJob(client, 'sleeper', ['cat', join(stateDir, 'gate')], { parameters: { job: '' } });
    const batch = withResults(pacedBatchJobs(createAwsBatchJobs(client)), store);
    const dependencies: Dependencies = {
      store,
      batch: {
        ...batch,
        submit: async (submission) => {
          submissions++;
          submitted += submission.size ?? 1;
          return batch.submit(submission);
        },
      },
      watcher: createJobWatcher({
        describe: async (ids) => {
          const described = await batch.describe(ids);
          for (const job of described)
            if (job.status === 'RUNNING') inFlight.add(job.id);
            else inFlight.delete(job.id);
          peak = Math.max(peak, inFlight.size);
          return described;
        },
      }),
      notices: createNoticeWatcher({ store }),
      queue: 'queue',
      jobDefinition: 'sleeper',
      deployment: 'default/bench/0',
      countNetwork,
    };
    const record = recordOf(runId, {
      strategy: 'random',
      evaluations: Math.round(1.1 * jobs),
      parallelism: jobs,
    });
    const begun = performance.now();
    const seconds = (): number => Math.round((performance.now() - begun) / 100) / 10;
    const allRunning = async (): Promise<void> => {
      inFlight.clear();
      while (inFlight.size < jobs) await sleep(200);
    };
    return await withSearch(
      { ...servers, store },
      record,
      {
        runTrial: createRunTrial(dependencies),
        arrays: createTrialArrays(dependencies),
        lookUp: async () => undefined,
      },
      async (start, withWorker) => {
        const handle = await withWorker(async () => {
          const started = await start();
          await allRunning();
          return started;
        });
        const secondsToFill = seconds();
        const { events } = await withWorker(async () => {
          await allRunning();
          await gate.open();
          return succeeded(handle);
        });
        const trials = trialsOf(await readTrialLog(store, runId, SEARCH.jobId));
        return {
          trials: trials.length,
          scored: trials.filter(({ end }) => end?.kind === 'score').length,
          lost: trials.filter(({ end }) => end?.kind === 'lost').length,
          submissions,
          submitted,
          peak,
          throttled,
          events,
          secondsToFill,
          seconds: seconds(),
          mebibytes: Math.round(process.memoryUsage().rss / 2 ** 20),
        };
      },
    );
  } finally {
    await gate.open();
    client.destroy();
    await endpoint.close();
    await rm(stateDir, { recursive: true, force: true });
  }
};
