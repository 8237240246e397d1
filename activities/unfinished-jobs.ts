import { JobStatus, paginateListJobs } from '@aws-sdk/client-batch';
import type { BatchClient, JobDetail } from '@aws-sdk/client-batch';
import type { ObjectStore } from '../store/object-store.ts';
import { describedJobs } from './described-jobs.ts';

/** A Batch job that costs money or soon will. */
export interface UnfinishedJob {
  readonly batchJobId: string;
  readonly status: string;
  /** From the job's tags. */
  readonly runId: string;
  readonly jobId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Seconds that its attempts have run, the present one included. */
  readonly seconds: number;
}

const UNFINISHED = [
  JobStatus.SUBMITTED,
  JobStatus.PENDING,
  JobStatus.RUNNABLE,
  JobStatus.STARTING,
  JobStatus.RUNNING,
];

const secondsOf = (job: JobDetail, now: number): number => {
  const ended = (job.attempts ?? []).reduce(
    (sum, { startedAt, stoppedAt }) =>
      startedAt === undefined || stoppedAt === undefined ? sum : sum + (stoppedAt - startedAt),
    0,
  );
  const running =
    job.status === JobStatus.RUNNING && job.startedAt !== undefined && job.startedAt > 0
      ? now - job.startedAt
      : 0;
  return (ended + running) / 1000;
};

/** Every job in the queues that has not ended and that this product submitted. */
export const listUnfinishedJobs = async (
  client: BatchClient,
  store: ObjectStore,
  queues: readonly string[],
  now: number,
): Promise<UnfinishedJob[]> => {
  const ids = new Set<string>();
  for (const jobQueue of queues)
    for (const jobStatus of UNFINISHED)
      for await (const page of paginateListJobs({ client }, { jobQueue, jobStatus }))
        for (const { jobId } of page.jobSummaryList ?? []) if (jobId !== undefined) ids.add(jobId);
  return (await describedJobs(client, store, [...ids])).flatMap(({ runId, jobId, detail }) =>
    // Some have ended between the two calls.
    detail.status === JobStatus.SUCCEEDED || detail.status === JobStatus.FAILED
      ? []
      : [
          {
            batchJobId: detail.jobId ?? '',
            status: detail.status ?? '',
            runId,
            jobId,
            createdAt: detail.createdAt ?? 0,
            seconds: secondsOf(detail, now),
          },
        ],
  );
};
