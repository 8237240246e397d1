import { DescribeComputeEnvironmentsCommand, DescribeJobQueuesCommand } from '@aws-sdk/client-batch';
import type { BatchClient, ComputeEnvironmentDetail, JobQueueDetail } from '@aws-sdk/client-batch';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';

/** vCPUs that an environment may have at once. */
export const environmentVcpus = ({
  state,
  computeResources,
  unmanagedvCpus,
}: ComputeEnvironmentDetail): number =>
  state === 'DISABLED' ? 0 : (computeResources?.maxvCpus ?? unmanagedvCpus ?? 0);

/**
 * A question to Batch about a queue. Throws `InfrastructureError` naming the call that failed; `fix` says
 * what to do about it.
 */
export const askBatch = async <T>(
  queue: string,
  call: string,
  answer: Promise<T>,
  fix: string,
): Promise<T> => {
  try {
    return await answer;
  } catch (cause) {
    const why = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
    throw infrastructureError(`the capacity of queue ${queue} is not known: ${call}: ${why}`, fix, { cause });
  }
};

/** A queue and its compute environments. */
export interface DescribedQueue {
  readonly queue: JobQueueDetail;
  readonly environments: readonly ComputeEnvironmentDetail[];
}

/** `undefined` when there is no such queue. Throws `InfrastructureError` as `askBatch`. */
export const describeQueue = async (
  client: BatchClient,
  name: string,
  fix: string,
): Promise<DescribedQueue | undefined> => {
  const { jobQueues = [] } = await askBatch(
    name,
    'DescribeJobQueues',
    client.send(new DescribeJobQueuesCommand({ jobQueues: [name] })),
    fix,
  );
  const [queue] = jobQueues;
  if (queue === undefined) return undefined;
  const names = (queue.computeEnvironmentOrder ?? []).flatMap(
    ({ computeEnvironment }) => computeEnvironment ?? [],
  );
  // Without names the call would describe every environment of the account.
  if (names.length === 0) return { queue, environments: [] };
  const { computeEnvironments = [] } = await askBatch(
    name,
    'DescribeComputeEnvironments',
    client.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: names })),
    fix,
  );
  return { queue, environments: computeEnvironments };
};

/**
 * vCPUs that the enabled compute environments of a queue may have at once; `undefined` when there is no such
 * queue. Throws `InfrastructureError` naming the call that failed; `fix` says what to do about it.
 */
export const queueCapacity = async (
  client: BatchClient,
  queue: string,
  fix: string,
): Promise<number | undefined> => {
  const described = await describeQueue(client, queue, fix);
  return described?.environments.reduce((sum, environment) => sum + environmentVcpus(environment), 0);
};
