import type { Endpoint } from '../endpoint.ts';
import { childrenOf } from '../lookup.ts';
import type { Job } from '../records.ts';
import { isTerminal } from '../records.ts';
import type { Request } from '../requests.ts';

/** Ends a job that waits, or begins to end the attempt it makes; nothing happens to a finished job. */
export const endJob = (endpoint: Endpoint, job: Job, reason: string): void => {
  if (isTerminal(job)) return;
  const children = childrenOf(endpoint.state.tables, job);
  if (children.length > 0) {
    // The parent ends with its last child, for the reason given.
    endpoint.jobs.put([{ ...job, isTerminated: true, statusReason: reason }]);
    for (const child of children) endJob(endpoint, child, reason);
  } else if (job.current === undefined) endpoint.jobs.fail(job, reason, { isTerminated: true });
  else {
    const marked = { ...job, isTerminated: true };
    endpoint.jobs.put([marked]);
    endpoint.scheduler.stop(marked, 'terminated', { reason });
  }
};

const cancel = (endpoint: Endpoint, job: Job, reason: string): void => {
  const children = childrenOf(endpoint.state.tables, job);
  if (children.length > 0 && !isTerminal(job))
    endpoint.jobs.put([{ ...job, isCancelled: true, statusReason: reason }]);
  for (const child of children) cancel(endpoint, child, reason);
  if (children.length === 0 && !isTerminal(job) && job.current === undefined)
    endpoint.jobs.fail(job, reason, { isCancelled: true });
};

/**
 * Ends jobs that have not yet been given an attempt; a job in STARTING or RUNNING goes on. As in Batch, an
 * unknown job id is no error, here and of TerminateJob: so it is with a child that its array has not spawned,
 * which will run all the same.
 */
export const cancelJob = (endpoint: Endpoint, request: Request<'CancelJob'>): Record<string, never> => {
  const job = endpoint.state.tables.jobs.get(request.jobId);
  if (job !== undefined) cancel(endpoint, job, request.reason);
  endpoint.scheduler.poke();
  return {};
};

export const terminateJob = (endpoint: Endpoint, request: Request<'TerminateJob'>): Record<string, never> => {
  const job = endpoint.state.tables.jobs.get(request.jobId);
  if (job !== undefined) endJob(endpoint, job, request.reason);
  endpoint.scheduler.poke();
  return {};
};
