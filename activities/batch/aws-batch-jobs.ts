import {
  DescribeJobsCommand,
  SubmitJobCommand,
  TerminateJobCommand,
  paginateListJobs,
} from '@aws-sdk/client-batch';
import type { BatchClient, JobSummary, ResourceRequirement } from '@aws-sdk/client-batch';
import { TRAINER_RETRY_STRATEGY } from '../../nas/job/trainer-job.ts';
import type { BatchJobs } from './batch-jobs.ts';
import { chunksOf, IDS_PER_CALL } from './chunks.ts';
import { SubmissionRefusedError } from '../failures.ts';

/** Jobs of a queue by their name, or by its beginning and `*`, in whatever state. */
const list = async (client: BatchClient, jobQueue: string, name: string): Promise<JobSummary[]> => {
  const found: JobSummary[] = [];
  const query = { jobQueue, filters: [{ name: 'JOB_NAME', values: [name] }] };
  for await (const page of paginateListJobs({ client }, query)) found.push(...(page.jobSummaryList ?? []));
  return found;
};

/** AWS's refusals of a call that would be refused again, by their names. */
const refusing = async <T>(names: readonly string[], call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof Error) || !names.includes(cause.name)) throw cause;
    throw new SubmissionRefusedError(cause.message, { cause });
  }
};

/** AWS Batch through its SDK. Endpoint, region and credentials are the SDK's own environment variables. */
export const createAwsBatchJobs = (client: BatchClient): BatchJobs => ({
  submit: async (submission) => {
    const requirements: ResourceRequirement[] = [
      { type: 'VCPU', value: String(submission.vcpus) },
      { type: 'MEMORY', value: String(submission.memoryMiB) },
      ...(submission.gpus === 0 ? [] : [{ type: 'GPU' as const, value: String(submission.gpus) }]),
    ];
    const command = new SubmitJobCommand({
      jobName: submission.name,
      jobQueue: submission.queue,
      jobDefinition: submission.jobDefinition,
      parameters: { job: submission.job },
      ...(submission.size === undefined ? {} : { arrayProperties: { size: submission.size } }),
      containerOverrides: { resourceRequirements: requirements },
      retryStrategy: {
        attempts: submission.attempts,
        evaluateOnExit: TRAINER_RETRY_STRATEGY.evaluateOnExit,
      },
      timeout: { attemptDurationSeconds: submission.timeoutSeconds },
      tags: submission.tags,
      propagateTags: true,
    });
    const answer = await refusing(['ClientException', 'AccessDeniedException'], () => client.send(command));
    if (answer.jobId === undefined) throw new Error(`SubmitJob ${submission.name}: the answer has no job id`);
    return answer.jobId;
  },
  find: async (queue, name) => {
    const found: { id: string; createdAt: number }[] = [];
    // The filter ignores case.
    for (const job of await refusing(['ClientException'], () => list(client, queue, name)))
      if (job.jobId !== undefined && job.jobName === name)
        found.push({ id: job.jobId, createdAt: job.createdAt ?? 0 });
    return found.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map((job) => job.id);
  },
  unfinished: async (queue, beginning) => {
    const summaries = await refusing(['ClientException'], () => list(client, queue, `${beginning}*`));
    const ids = summaries.flatMap(({ jobId, status }) =>
      jobId === undefined || status === 'SUCCEEDED' || status === 'FAILED' ? [] : [jobId],
    );
    const found: { id: string; job: string }[] = [];
    for (const jobs of chunksOf(ids, IDS_PER_CALL))
      for (const { jobId, parameters } of (await client.send(new DescribeJobsCommand({ jobs }))).jobs ?? [])
        if (jobId !== undefined) found.push({ id: jobId, job: parameters?.['job'] ?? '' });
    return found;
  },
  describe: async (ids) => {
    const answer = await client.send(new DescribeJobsCommand({ jobs: [...ids] }));
    return (answer.jobs ?? []).flatMap((job) =>
      job.jobId === undefined || job.status === undefined
        ? []
        : [
            {
              id: job.jobId,
              status: job.status,
              statusReason: job.statusReason,
              ended:
                job.isCancelled === undefined && job.isTerminated === undefined
                  ? undefined
                  : job.isCancelled === true || job.isTerminated === true,
              attempts: (job.attempts ?? []).map((attempt) => ({
                exitCode: attempt.container?.exitCode,
                statusReason: attempt.statusReason,
                containerReason: attempt.container?.reason,
                startedAt: attempt.startedAt,
                stoppedAt: attempt.stoppedAt,
              })),
            },
          ],
    );
  },
  terminate: async (id, reason) => {
    await client.send(new TerminateJobCommand({ jobId: id, reason }));
  },
});
