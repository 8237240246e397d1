import { DescribeComputeEnvironmentsCommand, DescribeJobQueuesCommand } from '@aws-sdk/client-batch';
import type { BatchClient, ComputeEnvironmentDetail } from '@aws-sdk/client-batch';
import { infrastructureError } from '../nas/protocol/infrastructure-error.ts';

const limitOf = ({ state, computeResources, unmanagedvCpus }: ComputeEnvironmentDetail): number =>
  state === 'DISABLED' ? 0 : (computeResources?.maxvCpus ?? unmanagedvCpus ?? 0);

/**
 * vCPUs that the enabled compute environments of a queue may have at once; `undefined` when there is no such queue. Throws
 * `InfrastructureError` naming the call that failed; `fix` says what to do about it.
 */
export const queueCapacity = async (
  client: BatchClient,
  queue: string,
  fix: string,
): Promise<number | undefined> => {
  const ask = async <T>(call: string, answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (cause) {
      const why = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
      throw infrastructureError(`the capacity of queue ${queue} is not known: ${call}: ${why}`, fix, {
        cause,
      });
    }
  };
  const { jobQueues = [] } = await ask(
    'DescribeJobQueues',
    client.send(new DescribeJobQueuesCommand({ jobQueues: [queue] })),
  );
  const [found] = jobQueues;
  if (found === undefined) return undefined;
  const names = (found.computeEnvironmentOrder ?? []).flatMap(
    ({ computeEnvironment }) => computeEnvironment ?? [],
  );
  // Without names the call would describe every environment of the account.
  if (names.length === 0) return 0;
  const { computeEnvironments = [] } = await ask(
    'DescribeComputeEnvironments',
    client.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: names })),
  );
  return computeEnvironments.reduce((sum, environment) => sum + limitOf(environment), 0);
};
