import type { JobStatus } from '@aws-sdk/client-batch';
import { childId, specOf } from './lookup.ts';
import type { Job } from './records.ts';
import type { Tables } from './state.ts';

/** Job ids that a job waits for; children of an array wait as SEQUENTIAL and N_TO_N say. */
const prerequisites = (tables: Tables, job: Job): string[] =>
  specOf(tables, job).dependsOn.flatMap(({ jobId, type }) => {
    if (job.index === undefined) return jobId === undefined || type !== undefined ? [] : [jobId];
    if (type === 'SEQUENTIAL') return job.index === 0 ? [] : [childId(job.specId, job.index - 1)];
    if (jobId === undefined) return [];
    return type === 'N_TO_N' ? [childId(jobId, job.index)] : [jobId];
  });

/** The job's status; of a child that is not there its array's, which has not spawned it or never will. */
const statusOf = (tables: Tables, jobId: string): JobStatus | undefined =>
  (tables.jobs.get(jobId) ?? tables.jobs.get(jobId.replace(/:\d+$/, '')))?.status;

/** A prerequisite that is no longer kept finished long ago and counts as met. */
export const readiness = (tables: Tables, job: Job): 'ready' | 'waiting' | 'failed' => {
  const states = prerequisites(tables, job).map((id) => statusOf(tables, id) ?? 'SUCCEEDED');
  if (states.includes('FAILED')) return 'failed';
  return states.every((status) => status === 'SUCCEEDED') ? 'ready' : 'waiting';
};
