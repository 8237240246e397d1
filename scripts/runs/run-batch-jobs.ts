import { BatchClient, paginateListJobs } from '@aws-sdk/client-batch';
import type { JobDetail } from '@aws-sdk/client-batch';
import { describedJobs } from '../../activities/batch/described-jobs.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { QUICK } from '../../store/s3-retries.ts';
import type { LoadedConfig } from '../config.ts';

/** One Batch job of a run, as Batch describes it. */
export interface RunBatchJob {
  /** Path in the run: `stage-1/seed-0`. */
  readonly jobId: string;
  readonly batchJobId: string;
  readonly status: string;
  readonly statusReason?: string;
  /** ISO 8601. */
  readonly createdAt?: string;
  /** CloudWatch's log group. */
  readonly logGroup: string;
  readonly attempts: readonly {
    readonly exitCode?: number;
    readonly reason?: string;
    readonly seconds?: number;
    /** CloudWatch's log stream. */
    readonly logStream?: string;
  }[];
  /** CloudWatch's log stream of the attempt that runs. */
  readonly runningLogStream?: string;
}

/** Where Batch logs unless the job definition says otherwise. */
const DEFAULT_LOG_GROUP = '/aws/batch/job';

const attemptOf = (attempt: NonNullable<JobDetail['attempts']>[number]): RunBatchJob['attempts'][number] => {
  const { startedAt, stoppedAt, container, statusReason } = attempt;
  const reason = [statusReason, container?.reason].filter((part) => part !== undefined).join('; ');
  return {
    ...(container?.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    ...(reason === '' ? {} : { reason }),
    ...(container?.logStreamName === undefined ? {} : { logStream: container.logStreamName }),
    ...(startedAt === undefined || stoppedAt === undefined
      ? {}
      : { seconds: (stoppedAt - startedAt) / 1000 }),
  };
};

/** All Batch jobs of a run, oldest first; several a job where it was launched again. */
export const runBatchJobs = async (config: LoadedConfig, runId: string): Promise<RunBatchJob[]> => {
  const client = new BatchClient({});
  try {
    const store = createS3ObjectStore({ bucket: config.bucket, retries: QUICK });
    const record = await readDocument(store, keys.experiment(runId), runRecordSchema);
    const ids: string[] = [];
    const jobQueue = record?.experiment.resources.queue ?? config.queue;
    const query = { jobQueue, filters: [{ name: 'JOB_NAME', values: [`${runId}--*`] }] };
    for await (const page of paginateListJobs({ client }, query))
      ids.push(...(page.jobSummaryList ?? []).flatMap((job) => job.jobId ?? []));
    // Another deployment on the queue may have a run of the same name.
    const isOurs = (deployment: string | undefined): boolean =>
      deployment === undefined || record?.deployment === undefined || deployment === record.deployment;
    return (await describedJobs(client, store, ids))
      .filter((job) => job.runId === runId && isOurs(job.deployment))
      .sort((a, b) => (a.detail.createdAt ?? 0) - (b.detail.createdAt ?? 0))
      .map(({ jobId, detail: job }) => ({
        jobId,
        batchJobId: job.jobId ?? '',
        status: job.status ?? '',
        logGroup: job.container?.logConfiguration?.options?.['awslogs-group'] ?? DEFAULT_LOG_GROUP,
        ...(job.statusReason === undefined ? {} : { statusReason: job.statusReason }),
        ...(job.createdAt === undefined ? {} : { createdAt: new Date(job.createdAt).toISOString() }),
        attempts: (job.attempts ?? []).map(attemptOf),
        ...(job.status === 'RUNNING' && job.container?.logStreamName !== undefined
          ? { runningLogStream: job.container.logStreamName }
          : {}),
      }));
  } finally {
    client.destroy();
  }
};

/** The newest Batch job of a job path. Throws `InputError` naming the paths that exist. */
export const newestBatchJob = (jobs: readonly RunBatchJob[], runId: string, jobId: string): RunBatchJob => {
  const found = jobs.filter((job) => job.jobId === jobId).at(-1);
  if (found !== undefined) return found;
  const known = [...new Set(jobs.map((job) => job.jobId))];
  throw inputError(
    'job',
    jobId,
    known.join(', ') || `none: run ${runId} has launched no job`,
    suggestion(jobId, known, `nas jobs ${runId} lists them`),
  );
};

/** The log of an attempt of a Batch job. */
export interface AttemptLog {
  /** From 1. */
  readonly attempt: number;
  readonly logStream: string;
}

/**
 * The logs of a Batch job's attempts, oldest first; of `wanted` alone where that is given. Throws
 * `InputError` if it has none.
 */
export const attemptLogs = (job: RunBatchJob, wanted?: number): AttemptLog[] => {
  const streams = [...job.attempts.map(({ logStream }) => logStream), job.runningLogStream];
  const logs = streams.flatMap((logStream, index) =>
    logStream === undefined ? [] : [{ attempt: index + 1, logStream }],
  );
  if (wanted === undefined) return logs;
  const found = logs.filter(({ attempt }) => attempt === wanted);
  if (found.length > 0) return found;
  throw inputError(
    '--attempt',
    wanted,
    logs.map(({ attempt }) => attempt).join(', ') || `none: job ${job.jobId} has not begun to run`,
    `nas jobs lists the attempts of ${job.jobId}`,
  );
};
