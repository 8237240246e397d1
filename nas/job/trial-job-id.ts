/**
 * Path of a trial's job in its run, below that of its search: `stage-1/seed-0/trial-000042` of `t-000042`.
 */
export const trialJobId = (searchJobId: string, id: string): string =>
  `${searchJobId}/${id.replace(/^t-/, 'trial-')}`;

/** The search that a job is a trial of, or `undefined` for a job that is none. */
export const searchOfTrial = (jobId: string): string | undefined => /^(.+)\/trial-\d{6,}$/.exec(jobId)?.[1];
