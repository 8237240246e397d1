import { BatchClient } from '@aws-sdk/client-batch';
import { queueCapacity } from '../../activities/batch/queue-capacity.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { isSettled, parallelismFor, withParallelism } from '../../nas/experiment/settled-experiment.ts';
import type { SettledExperiment } from '../../nas/experiment/settled-experiment.ts';
import { requestTimeouts } from '../../store/request-timeouts.ts';
import type { LoadedConfig } from '../config.ts';

const REQUEST_MILLISECONDS = 10_000;

/**
 * The experiment with as many jobs in flight as its queue has room for, unless it names a number itself. It
 * goes into the run's record, so that a queue that is resized meanwhile changes no proposal. Throws
 * `InputError` for a queue of the experiment's that does not exist, `InfrastructureError` when the queue
 * cannot be read.
 */
export const settleParallelism = async (
  { queue: ours, embedded }: Pick<LoadedConfig, 'queue' | 'embedded'>,
  experiment: Experiment,
): Promise<SettledExperiment> => {
  if (isSettled(experiment)) return experiment;
  const { queue: theirs } = experiment.resources;
  const queue = theirs ?? ours;
  const fix =
    embedded === undefined
      ? 'check region, credentials and permissions (docs/aws.md), or set resources.parallelism'
      : 'nas up starts what does not run; or set resources.parallelism';
  const client = new BatchClient({ requestHandler: requestTimeouts(REQUEST_MILLISECONDS) });
  try {
    const vcpus = await queueCapacity(client, queue, fix);
    if (vcpus !== undefined) return withParallelism(experiment, parallelismFor(experiment, vcpus));
  } finally {
    client.destroy();
  }
  if (theirs !== undefined)
    throw inputError('resources.queue', theirs, 'a Batch job queue', `leave it out for ${ours}`);
  throw infrastructureError(`DescribeJobQueues knows no queue ${queue}`, fix);
};
