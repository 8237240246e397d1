import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import type { ProtocolActivities } from '../../activities/contract.ts';
import { createJobWatcher } from '../../activities/batch/job-watcher.ts';
import type { LocalCapacity } from '../../activities/batch/local-capacity.ts';
import { createNoticeWatcher } from '../../activities/batch/notice-watcher.ts';
import { createProtocolActivities } from '../../activities/protocol-activities.ts';
import { createCollectReport } from '../../activities/report/report.ts';
import { workflowBundle } from '../../containers/worker/bundle.ts';
import { countNetwork } from '../../nas/training/tasks/count-network.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { DEPLOYMENT } from '../support/launch-dependencies.ts';
import { storeToyDataset } from '../support/run-record.ts';
import { createSimulatedBatch } from '../support/simulated-batch.ts';
import type { SimulatedBatch } from '../support/simulated-batch.ts';
import { temporalForTests } from '../support/shared-servers.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The protocol's workflows on a real Temporal server, with the real activities over a simulated Batch. */
export interface Harness {
  readonly client: Client;
  readonly store: ObjectStore;
  readonly batch: SimulatedBatch;
  readonly taskQueue: string;
  readonly runId: string;
  /** Runs the worker while `work` lasts; with other workflow code where a bundle is given. */
  during<T>(work: () => Promise<T>, bundle?: { readonly codePath: string }): Promise<T>;
  close(): Promise<void>;
}

export const createHarness = async (
  options: Parameters<typeof createSimulatedBatch>[1] & {
    readonly capacity?: LocalCapacity;
    readonly replace?: Partial<ProtocolActivities>;
    readonly store?: ObjectStore;
  } = {},
): Promise<Harness> => {
  const { address, namespace } = await temporalForTests();
  const id = randomBytes(4).toString('hex');
  const taskQueue = `test-${id}`;
  const store = options.store ?? createMemoryObjectStore();
  await storeToyDataset(store);
  const batch = createSimulatedBatch(store, options);
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  return {
    client,
    store,
    batch,
    taskQueue,
    runId: `run-${id}`,
    during: async (work, bundle) => {
      const worker = await Worker.create({
        connection: native,
        namespace,
        taskQueue,
        workflowBundle: bundle ?? (await workflowBundle(process.env)),
        activities: {
          ...createProtocolActivities({
            store,
            batch,
            watcher: createJobWatcher({ describe: batch.describe, poll: { min: 10, max: 50 } }),
            notices: createNoticeWatcher({ store, pollMilliseconds: 50 }),
            queue: 'queue',
            jobDefinition: 'trainer',
            deployment: DEPLOYMENT,
            countNetwork,
            tell: (runId, news) => client.workflow.getHandle(runId).signal('stageNews', news),
            ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
          }),
          collectReport: createCollectReport({ store }),
          reconcileRuns: () => Promise.resolve({ jobs: 0, leases: 0, uploads: 0 }),
          ...options.replace,
        },
        maxHeartbeatThrottleInterval: 100,
        shutdownGraceTime: 0,
      });
      return worker.runUntil(work);
    },
    close: async () => {
      await connection.close();
      await native.close();
    },
  };
};
