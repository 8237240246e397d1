/**
 * A fleet of sleeping jobs: one search with thousands of trials in flight on the local Batch endpoint, which throttles like
 * AWS, and a worker that is replaced while all of them run. The store is in memory: Batch is what is tried here. `npm run -s bench -- fleet [--jobs N] [--seconds N] [--json]`.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand,
} from '@aws-sdk/client-batch';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { createAwsBatchJobs } from '../activities/aws-batch-jobs.ts';
import type { BatchJobs, BatchSubmission } from '../activities/batch-jobs.ts';
import { hasEnded } from '../activities/batch-jobs.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import { createJobWatcher } from '../activities/job-watcher.ts';
import { createNoticeWatcher } from '../activities/notice-watcher.ts';
import { pacedBatchJobs } from '../activities/paced-batch-jobs.ts';
import { createRunTrial } from '../activities/run-trial.ts';
import { createTrialArrays } from '../activities/trial-arrays.ts';
import { startLocalBatch } from '../infra/local/batch/server.ts';
import type { JobDocument } from '../nas/protocol/job.ts';
import { jobArraySchema } from '../nas/protocol/job-array.ts';
import { trialsOf } from '../nas/protocol/trial-log.ts';
import { countNetwork } from '../nas/training/networks/count-network.ts';
import { createDocument, readDocument } from '../store/json-documents.ts';
import { keys } from '../store/keys.ts';
import { createMemoryObjectStore } from '../store/memory-object-store.ts';
import { parseS3Uri } from '../store/object-store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readTrialLog } from '../store/trial-log.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { newStateDir } from '../test/infra/batch/harness.ts';
import { simulatedResult } from '../test/support/simulated-batch.ts';
import { SEARCH, recordOf, succeeded, withSearch } from './orchestration/search.ts';
import { startBenchStack } from './orchestration/stack.ts';

interface Flags {
  readonly jobs: number;
  readonly seconds: number;
  readonly json?: true;
}

const program = (): Command =>
  new Command('bench fleet')
    .description('Thousands of jobs in flight, with a worker that is replaced')
    .option('--jobs <n>', 'jobs in flight at once; a tenth more are run in all', wholeNumber(1), 2000)
    .option('--seconds <n>', 'how long each job sleeps', wholeNumber(1), 120)
    .option('--json', 'print one JSON document')
    .exitOverride();

/** What AWS allows SubmitJob, of every operation. */
const CALLS_A_SECOND = 50;

const createQueue = async (client: BatchClient, seconds: number): Promise<void> => {
  await client.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'fleet',
      type: 'MANAGED',
      computeResources: {
        type: 'SPOT',
        maxvCpus: 10_000,
        instanceTypes: ['optimal'],
        subnets: ['subnet-1'],
        securityGroupIds: ['sg-1'],
      },
    }),
  );
  await client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'fleet',
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'fleet' }],
    }),
  );
  await client.send(
    new RegisterJobDefinitionCommand({
      jobDefinitionName: 'sleeper',
      type: 'container',
      parameters: { job: '' },
      containerProperties: {
        image: 'none',
        command: ['sleep', String(seconds)],
        resourceRequirements: [
          { type: 'VCPU', value: '1' },
          { type: 'MEMORY', value: '256' },
        ],
      },
    }),
  );
};

/** Keys of the documents of a submission's jobs. */
const documentsOf = async (store: ObjectStore, { job, size }: BatchSubmission): Promise<string[]> => {
  const { key } = parseS3Uri(job);
  if (size === undefined) return [key];
  const array = await readDocument(store, key, jobArraySchema);
  return (array?.jobs ?? []).map((jobId) => keys.job(array?.runId ?? '', jobId).document);
};

/** Jobs sleep; the result that each would write is there when Batch has taken it in. */
const withResults = (batch: BatchJobs, store: ObjectStore): BatchJobs => ({
  ...batch,
  submit: async (submission) => {
    const id = await batch.submit(submission);
    for (const key of await documentsOf(store, submission)) {
      const stored = await store.get(key);
      const document = JSON.parse(new TextDecoder().decode(stored?.body)) as JobDocument;
      await createDocument(store, keys.job(document.runId, document.jobId).result, simulatedResult(document));
    }
    return id;
  },
});

export const run = async (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'error' } },
  });
  const runId = `fleet-${randomBytes(4).toString('hex')}`;
  const evaluations = Math.round(1.1 * flags.jobs);
  const servers = await startBenchStack();
  const stack = { ...servers, store: createMemoryObjectStore() };
  const endpoint = await startLocalBatch({
    stateDir: newStateDir(),
    slots: flags.jobs,
    vcpus: 10_000,
    rateLimits: { SubmitJob: CALLS_A_SECOND, DescribeJobs: CALLS_A_SECOND, ListJobs: CALLS_A_SECOND },
    enforceMemory: false,
  });
  const client = new BatchClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
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
  let someEnded = false;
  let submissions = 0;
  let submitted = 0;
  try {
    await createQueue(client, flags.seconds);
    const { store } = stack;
    const batch = pacedBatchJobs(createAwsBatchJobs(client));
    const counting: BatchJobs = {
      ...withResults(batch, store),
      submit: async (submission) => {
        submissions++;
        submitted += submission.size ?? 1;
        return withResults(batch, store).submit(submission);
      },
    };
    const dependencies: Dependencies = {
      store,
      batch: counting,
      watcher: createJobWatcher({
        describe: async (ids) => {
          const jobs = await batch.describe(ids);
          for (const job of jobs) {
            if (job.status === 'RUNNING') inFlight.add(job.id);
            else inFlight.delete(job.id);
            someEnded ||= hasEnded(job);
          }
          peak = Math.max(peak, inFlight.size);
          return jobs;
        },
      }),
      notices: createNoticeWatcher({ store }),
      queue: 'fleet',
      jobDefinition: 'sleeper',
      countNetwork,
    };
    const record = recordOf(runId, { strategy: 'random', evaluations, parallelism: flags.jobs });
    const begun = performance.now();
    const seconds = (): number => Math.round((performance.now() - begun) / 100) / 10;
    const document = await withSearch(
      stack,
      record,
      {
        runTrial: createRunTrial(dependencies),
        arrays: createTrialArrays(dependencies),
        lookUp: async () => undefined,
      },
      async (start, withWorker) => {
        const handle = await withWorker(async () => {
          const started = await start();
          while (inFlight.size < flags.jobs && !someEnded) await sleep(200);
          return started;
        });
        const filled = seconds();
        const { events } = await withWorker(() => succeeded(handle));
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
          secondsToFill: filled,
          seconds: seconds(),
          mebibytes: Math.round(process.memoryUsage().rss / 2 ** 20),
        };
      },
    );
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(document)}\n`
        : `${Object.entries(document)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n')}\n`,
    );
  } finally {
    client.destroy();
    await endpoint.close();
    await servers.stop();
  }
};
