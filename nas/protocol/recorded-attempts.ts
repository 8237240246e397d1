import type { AttemptRecord } from '../job/attempt-record.ts';
import { searchOfTrial } from '../job/trial-job-id.ts';
import type { JobView } from './run-view.ts';

/**
 * Whether a job's own report does not say how often it was attempted: it runs, or its run took leave of it
 * before it could report.
 */
export const lacksReport = ({ status, attempts }: JobView): boolean =>
  status === 'running' || ((status === 'cancelled' || status === 'failed') && attempts === 0);

/**
 * The job with the attempts that `records` tell of, its trials' among them, where it lacks a report of its
 * own. An attempt also leaves early when its run is paused: SIGTERM alone is no reclaim.
 */
export const withRecordedAttempts = <J extends JobView>(
  job: J,
  records: readonly Pick<AttemptRecord, 'jobId' | 'notice'>[],
): J => {
  if (!lacksReport(job)) return job;
  const own = records.filter(({ jobId }) => (searchOfTrial(jobId) ?? jobId) === job.jobId);
  return {
    ...job,
    attempts: Math.max(job.attempts, own.length),
    reclaims: Math.max(job.reclaims, own.filter(({ notice }) => notice?.kind === 'reclaim').length),
  };
};
