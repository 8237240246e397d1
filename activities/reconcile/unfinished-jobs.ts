import { JobStatus, paginateListJobs } from '@aws-sdk/client-batch';
import type { BatchClient, JobDetail } from '@aws-sdk/client-batch';
import type { ObjectStore } from '../../store/object-store.ts';
import { describedJobs } from '../batch/described-jobs.ts';

/** A Batch job that costs money or soon will. */
export interface UnfinishedJob {
  readonly batchJobId: string;
  readonly status: string;
  /** From the job's tags. */
  readonly runId: string;
  readonly jobId: string;
  /** From the job's tags: `deploymentId` of who submitted it. */
  readonly deployment?: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Seconds that its attempts have run, the present one included. */
  readonly seconds: number;
}

/** A queue whose jobs could not be listed, and Batch's words for why. */
export interface SkippedQueue {
  readonly queue: string;
  readonly reason: string;
}

export interface UnfinishedJobs {
  readonly jobs: readonly UnfinishedJob[];
  readonly skipped: readonly SkippedQueue[];
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

/** Batch refuses the queue itself: there is none of that name any more, or it is not ours to look at. */
const refusesQueue = (error: unknown): error is Error =>
  error instanceof Error && ['ClientException', 'AccessDeniedException'].includes(error.name);

/**
 * Every job in the queues that has not ended and that this product submitted, whichever deployment of it. The
 * queues are those that runs have named: one that cannot be listed is named in the answer and keeps nobody
 * from the others.
 */
export const listUnfinishedJobs = async (
  client: BatchClient,
  store: ObjectStore,
  queues: readonly string[],
  now: number,
): Promise<UnfinishedJobs> => {
  const ids = new Set<string>();
  const skipped: SkippedQueue[] = [];
  for (const jobQueue of queues)
    try {
      for (const jobStatus of UNFINISHED)
        for await (const page of paginateListJobs({ client }, { jobQueue, jobStatus }))
          for (const { jobId } of page.jobSummaryList ?? []) if (jobId !== undefined) ids.add(jobId);
    } catch (error) {
      if (!refusesQueue(error)) throw error;
      skipped.push({ queue: jobQueue, reason: error.message });
    }
  const described = await describedJobs(client, store, [...ids]);
  const jobs = described.flatMap(({ runId, jobId, deployment, detail }): UnfinishedJob[] =>
    // Some have ended between the two calls.
    detail.status === JobStatus.SUCCEEDED || detail.status === JobStatus.FAILED
      ? []
      : [
          {
            batchJobId: detail.jobId ?? '',
            status: detail.status ?? '',
            runId,
            jobId,
            ...(deployment !== undefined && { deployment }),
            createdAt: detail.createdAt ?? 0,
            seconds: secondsOf(detail, now),
          },
        ],
  );
  return { jobs, skipped };
};
