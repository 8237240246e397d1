import {
  DescribeJobsCommand,
  SubmitJobCommand,
  TerminateJobCommand,
  paginateListJobs,
} from '@aws-sdk/client-batch';
import type { BatchClient, ResourceRequirement } from '@aws-sdk/client-batch';
import { TRAINER_RETRY_STRATEGY } from '../nas/protocol/trainer-job.ts';
import type { BatchJobs } from './batch-jobs.ts';

/** AWS Batch through its SDK. Endpoint, region and credentials are the SDK's own environment variables. */
export const createAwsBatchJobs = (client: BatchClient): BatchJobs => ({
  submit: async (submission) => {
    const requirements: ResourceRequirement[] = [
      { type: 'VCPU', value: String(submission.vcpus) },
      { type: 'MEMORY', value: String(submission.memoryMiB) },
      ...(submission.gpus === 0 ? [] : [{ type: 'GPU' as const, value: String(submission.gpus) }]),
    ];
    const answer = await client.send(
      new SubmitJobCommand({
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
      }),
    );
    if (answer.jobId === undefined) throw new Error(`SubmitJob ${submission.name}: the answer has no job id`);
    return answer.jobId;
  },
  find: async (queue, name) => {
    const found: { id: string; createdAt: number }[] = [];
    const query = { jobQueue: queue, filters: [{ name: 'JOB_NAME', values: [name] }] };
    for await (const page of paginateListJobs({ client }, query))
      for (const job of page.jobSummaryList ?? [])
        // The filter ignores case.
        if (job.jobId !== undefined && job.jobName === name)
          found.push({ id: job.jobId, createdAt: job.createdAt ?? 0 });
    return found.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map((job) => job.id);
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
              ended: job.isCancelled || job.isTerminated,
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
