import { Connection } from '@temporalio/client';
import { signedFetch } from '../../../store/signed-fetch.ts';
import type { BatchIdentity } from '../../../store/signed-fetch.ts';
import { batchEndpoint, batchIdentity, s3Endpoint } from './document.ts';
import type { StackDocument } from './document.ts';
import { processState } from './process-start.mjs';
import type { RunningProcess } from './processes.ts';
import type { ServiceName } from './services.ts';

/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_QUEUE = 1;

/** One question to a server; anything but the expected answer, within two seconds, is "not yet". */
const answers = async (ask: (signal: AbortSignal) => Promise<Response>): Promise<boolean> => {
  try {
    return (await ask(AbortSignal.timeout(2_000))).ok;
  } catch {
    return false;
  }
};

const withTemporal = async (
  address: string,
  question: (connection: Connection) => Promise<boolean>,
): Promise<boolean> => {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2_000 });
    const asked = connection;
    return await asked.withDeadline(Date.now() + 2_000, () => question(asked));
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
};

/** Whether the frontend serves the namespace. */
export const isTemporalReady = (address: string, namespace: string): Promise<boolean> =>
  withTemporal(address, async (connection) => {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  });

/**
 * Whether this very worker polls its task queue. Temporal lists a poller for minutes after its process has
 * died, so that the pid alone could be that of a predecessor: workers name themselves `<pid>@<host>#<token of
 * their start>`.
 */
const isWorkerPolling = (stack: StackDocument, { pid, token }: RunningProcess): Promise<boolean> =>
  withTemporal(stack.config.temporalAddress, async (connection) => {
    const queue = await connection.workflowService.describeTaskQueue({
      namespace: stack.config.temporalNamespace,
      taskQueue: { name: stack.config.taskQueue },
      taskQueueType: WORKFLOW_QUEUE,
    });
    return queue.pollers.some(
      ({ identity }) =>
        identity?.startsWith(`${pid}@`) && (token === undefined || identity.endsWith(`#${token}`)),
    );
  });

export const isS3Ready = (endpoint: string): Promise<boolean> =>
  answers((signal) => fetch(`${endpoint}/_health`, { signal }));
const isBatchReady = (endpoint: string, identity: BatchIdentity): Promise<boolean> =>
  answers((signal) => signedFetch(new URL('/_local/state', endpoint), identity, { signal }));

const asked = (stack: StackDocument, name: ServiceName, running: RunningProcess): Promise<boolean> => {
  switch (name) {
    case 'temporal':
      return isTemporalReady(stack.config.temporalAddress, stack.config.temporalNamespace);
    case 's3':
      return isS3Ready(s3Endpoint(stack));
    case 'batch':
      return isBatchReady(batchEndpoint(stack), batchIdentity(stack));
    case 'worker':
      return isWorkerPolling(stack, running);
  }
};

/**
 * Whether a service of the stack does its work. The process is looked at after the answer: of one that was
 * killed or paused, an answer that it had sent before says nothing.
 */
export const isServiceReady = async (
  stack: StackDocument,
  name: ServiceName,
  running: RunningProcess,
): Promise<boolean> => (await asked(stack, name, running)) && processState(running.pid) === 'running';
