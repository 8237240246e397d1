import type { ArrayPropertiesDetail, DescribeJobsResponse, JobDetail } from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { childrenOf, createdAtOf, specOf } from '../lookup.ts';
import { lastContainer } from '../jobs.ts';
import { arns } from '../names.ts';
import type { Job } from '../records.ts';
import type { Request } from '../requests.ts';
import type { Tables } from '../state.ts';
import { shownTags } from './tags.ts';

/** Counts of an array's children by status; what the child itself is, for a child. */
export const arrayPropertiesOf = (tables: Tables, job: Job): ArrayPropertiesDetail | undefined => {
  if (job.index !== undefined) return { index: job.index };
  const { arraySize } = specOf(tables, job);
  if (arraySize === undefined) return undefined;
  const statusSummary: Record<string, number> = {
    SUBMITTED: 0,
    PENDING: 0,
    RUNNABLE: 0,
    STARTING: 0,
    RUNNING: 0,
    SUCCEEDED: 0,
    FAILED: 0,
  };
  for (const child of childrenOf(tables, job))
    statusSummary[child.status] = (statusSummary[child.status] ?? 0) + 1;
  return { size: arraySize, statusSummary, statusSummaryLastUpdatedAt: Date.now() };
};

const detailOf = ({ state: { tables }, options: { place } }: Endpoint, job: Job): JobDetail => {
  const spec = specOf(tables, job);
  const array = arrayPropertiesOf(tables, job);
  const { current } = job;
  const host = current === undefined ? undefined : tables.instances.get(current.instanceId);
  return {
    jobArn: arns.job(place, job.jobId),
    jobName: spec.jobName,
    jobId: job.jobId,
    jobQueue: arns.jobQueue(place, spec.queue),
    status: job.status,
    ...(spec.shareIdentifier === undefined ? {} : { shareIdentifier: spec.shareIdentifier }),
    ...(spec.schedulingPriority === undefined ? {} : { schedulingPriority: spec.schedulingPriority }),
    attempts: [...job.attempts],
    ...(job.statusReason === undefined ? {} : { statusReason: job.statusReason }),
    createdAt: createdAtOf(tables, job),
    retryStrategy: { ...spec.retryStrategy, evaluateOnExit: spec.retryStrategy.evaluateOnExit ?? [] },
    // The service model requires a number; 0 means "not started yet".
    startedAt: job.startedAt ?? 0,
    ...(job.stoppedAt === undefined ? {} : { stoppedAt: job.stoppedAt }),
    dependsOn: [...spec.dependsOn],
    jobDefinition: spec.jobDefinitionArn,
    parameters: { ...spec.parameters },
    container: {
      ...spec.container,
      ...(current === undefined
        ? lastContainer(job)
        : {
            ...(host === undefined
              ? {}
              : {
                  containerInstanceArn: arns.containerInstance(
                    place,
                    current.computeEnvironment,
                    host.containerInstanceId,
                  ),
                }),
            taskArn: arns.task(place, current.computeEnvironment, current.taskId),
            logStreamName: current.logStreamName,
          }),
    },
    ...(array === undefined ? {} : { arrayProperties: array }),
    ...(spec.timeoutSeconds === undefined
      ? {}
      : { timeout: { attemptDurationSeconds: spec.timeoutSeconds } }),
    // Batch does not tag children of arrays.
    tags: job.index === undefined ? shownTags(spec.tags) : undefined,
    propagateTags: spec.propagateTags,
    platformCapabilities: ['EC2'],
    eksAttempts: [],
    isCancelled: job.isCancelled ?? false,
    isTerminated: job.isTerminated ?? false,
  };
};

/** Unknown job ids are left out, as Batch does. */
export const describeJobs = (endpoint: Endpoint, request: Request<'DescribeJobs'>): DescribeJobsResponse => ({
  jobs: request.jobs.flatMap((id) => {
    const job = endpoint.state.tables.jobs.get(id.startsWith('arn:') ? id.slice(id.indexOf('/') + 1) : id);
    return job === undefined ? [] : [detailOf(endpoint, job)];
  }),
});
