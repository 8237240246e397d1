import { BatchClient, paginateDescribeJobQueues } from '@aws-sdk/client-batch';
import { inputError } from '../../nas/protocol/input-error.ts';
import { suggestion } from '../../nas/protocol/nearest.ts';
import { requestTimeouts } from '../../store/request-timeouts.ts';

const REQUEST_MILLISECONDS = 10_000;

/**
 * Refuses a queue of the experiment's that Batch does not know, before a run with it exists: its jobs could never be
 * submitted. Where the queues cannot be listed nothing is known, and nothing is refused.
 * @throws InputError naming the queues that there are
 */
export const checkQueue = async (queue: string | undefined, ours: string): Promise<void> => {
  // The deployment's own is `nas doctor`'s matter: no experiment can have misspelt it.
  if (queue === undefined || queue === ours) return;
  const client = new BatchClient({ requestHandler: requestTimeouts(REQUEST_MILLISECONDS) });
  const known: string[] = [];
  try {
    for await (const { jobQueues = [] } of paginateDescribeJobQueues({ client }, {}))
      for (const { jobQueueName, jobQueueArn } of jobQueues) {
        if (jobQueueName === queue || jobQueueArn === queue) return;
        if (jobQueueName !== undefined) known.push(jobQueueName);
      }
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') return;
    throw error;
  } finally {
    client.destroy();
  }
  throw inputError(
    'resources.queue',
    queue,
    known.join(', ') || 'a Batch job queue; there is none',
    suggestion(queue, known, `leave it out for ${ours}`),
  );
};
