import { BatchClient } from '@aws-sdk/client-batch';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pRetry from 'p-retry';
import { createAwsBatchJobs } from '../../activities/batch/aws-batch-jobs.ts';
import { createJobWatcher } from '../../activities/batch/job-watcher.ts';
import { createLiveRuns } from '../../activities/reconcile/live-runs.ts';
import { findDeployment } from '../../activities/batch/find-deployment.ts';
import { findLocalCapacity } from '../../activities/batch/local-capacity.ts';
import { createNoticeWatcher } from '../../activities/batch/notice-watcher.ts';
import { pacedBatchJobs } from '../../activities/batch/paced-batch-jobs.ts';
import { createProtocolActivities } from '../../activities/protocol-activities.ts';
import { reconcile } from '../../activities/reconcile/reconcile.ts';
import { createCollectReport } from '../../activities/report/report.ts';
import { listUnfinishedJobs } from '../../activities/reconcile/unfinished-jobs.ts';
import { countNetwork } from '../../nas/training/tasks/count-network.ts';
import { requestTimeouts } from '../../store/request-timeouts.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { identityOf } from '../../store/signed-fetch.ts';
import { workflowBundle } from './bundle.ts';
import { strategyPortsOnDemand } from './strategy-ports.ts';
import { configFromEnvironment, workerIdentity } from './environment.ts';
import { ensureReconcileSchedule } from './reconcile-schedule.ts';
import { codeRefused, replayOpenRuns } from './replay-open-runs.ts';
import { temporalConnection } from './temporal-connection.ts';

/** Waiting for a Batch job costs a promise, so one worker waits for as many as a fleet runs. */
const ACTIVITIES_AT_ONCE = 5_000;

const config = configFromEnvironment(process.env);
Runtime.install({ logger: new DefaultLogger('INFO') });

const store = createS3ObjectStore({ bucket: config.bucket });
const batchClient = new BatchClient({
  maxAttempts: 10,
  retryMode: 'adaptive',
  // One answer that hangs would keep every job's end from being seen.
  requestHandler: requestTimeouts(30_000),
});
const batch = pacedBatchJobs(createAwsBatchJobs(batchClient));
// The stack's servers start together; whichever is late is waited for.
const capacity = await pRetry(
  () => findLocalCapacity(process.env['AWS_ENDPOINT_URL_BATCH'], identityOf(process.env)),
  { retries: 6 },
);
const temporal = temporalConnection(config, process.env);
const connection = await pRetry(() => NativeConnection.connect(temporal), { retries: 6 });

const client = new Client({ connection, namespace: config.temporalNamespace });
const live = createLiveRuns(client);
const deployment = await pRetry(() => findDeployment(client, config.bucket), { retries: 6 });

try {
  const bundle = await workflowBundle(process.env);
  const refused = await replayOpenRuns(client, bundle);
  if (refused.length > 0) throw codeRefused(refused);
  await ensureReconcileSchedule(client, config.taskQueue);
  const worker = await Worker.create({
    connection,
    identity: workerIdentity(process.env),
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    workflowBundle: bundle,
    activities: {
      ...createProtocolActivities({
        store,
        batch,
        watcher: createJobWatcher({ describe: batch.describe }),
        notices: createNoticeWatcher({ store }),
        queue: config.queue,
        jobDefinition: config.jobDefinition,
        deployment,
        ports: strategyPortsOnDemand(),
        countNetwork,
        tell: (runId, news) => client.workflow.getHandle(runId).signal('stageNews', news),
        ...(capacity === undefined ? {} : { capacity }),
      }),
      collectReport: createCollectReport({ store }),
      reconcileRuns: async () => {
        const now = Date.now();
        const queues = async (): Promise<string[]> => [...new Set([config.queue, ...(await live.queues())])];
        const { ended, skipped } = await reconcile(
          {
            store,
            live,
            deployment,
            unfinished: async () => listUnfinishedJobs(batchClient, store, await queues(), now),
            terminate: batch.terminate,
          },
          { now, dryRun: false },
        );
        for (const { queue, reason } of skipped)
          process.stdout.write(`reconciliation skips queue ${queue}: ${reason}\n`);
        return ended;
      },
    },
    maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE,
    workflowThreadPoolSize: 1,
    // The default would pass on a heartbeat, and learn of a cancellation, every 24 seconds.
    maxHeartbeatThrottleInterval: '5 seconds',
    // Activities that wait for jobs never end by themselves: they are told to hand over after this.
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '20 seconds',
  });
  process.stdout.write(`worker polls ${config.taskQueue} at ${config.temporalAddress}\n`);
  // SIGTERM and SIGINT end it gracefully: the runtime listens for them.
  await worker.run();
} finally {
  await connection.close();
}
