import type { JobSummary, ListJobsResponse } from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { clientException, refused } from '../errors.ts';
import { lastContainer } from '../jobs.ts';
import { childrenOf, createdAtOf, queueOf, specOf } from '../lookup.ts';
import { arns } from '../names.ts';
import { page } from '../paging.ts';
import type { Job, JobSpec } from '../records.ts';
import type { Request } from '../requests.ts';
import { matchesGlob } from '../retry.ts';
import { arrayPropertiesOf } from './describe-jobs.ts';

type Filter = NonNullable<Request<'ListJobs'>['filters']>[number];

const withoutRevision = (definition: string): string => definition.replace(/:\d+$/, '');

const matches = ({ name, values }: Filter, spec: JobSpec): boolean => {
  const time = (value: string): number => {
    if (!/^\d+$/.test(value))
      throw clientException(`Filter ${name}: ${value} is not a number of milliseconds`);
    return Number(value);
  };
  return values.some((value) => {
    switch (name) {
      case 'JOB_NAME':
        return matchesGlob(value.toLowerCase(), spec.jobName.toLowerCase());
      case 'JOB_DEFINITION':
        return value.startsWith('arn:')
          ? matchesGlob(value, spec.jobDefinitionArn) || value === withoutRevision(spec.jobDefinitionArn)
          : matchesGlob(value, spec.jobDefinitionName);
      case 'BEFORE_CREATED_AT':
        return spec.createdAt < time(value);
      case 'AFTER_CREATED_AT':
        return spec.createdAt > time(value);
      case 'SHARE_IDENTIFIER':
        return matchesGlob(value, spec.shareIdentifier ?? '');
    }
  });
};

const summaryOf = ({ state: { tables }, options: { place } }: Endpoint, job: Job): JobSummary => {
  const spec = specOf(tables, job);
  const array = arrayPropertiesOf(tables, job);
  const { exitCode, reason } = lastContainer(job);
  return {
    jobArn: arns.job(place, job.jobId),
    jobId: job.jobId,
    jobName: spec.jobName,
    createdAt: createdAtOf(tables, job),
    status: job.status,
    ...(job.statusReason === undefined ? {} : { statusReason: job.statusReason }),
    ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
    ...(job.stoppedAt === undefined ? {} : { stoppedAt: job.stoppedAt }),
    container: {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
    },
    ...(array === undefined ? {} : { arrayProperties: array }),
    jobDefinition: spec.jobDefinitionArn,
    ...(spec.shareIdentifier === undefined ? {} : { shareIdentifier: spec.shareIdentifier }),
  };
};

/** Newest first; the key is unique and sorts as text. */
const sortKey = (spec: JobSpec, job: Job): string =>
  `${String(Number.MAX_SAFE_INTEGER - spec.createdAt).padStart(16, '0')}/${spec.jobId}/${String(job.index ?? 0).padStart(5, '0')}`;

/**
 * Jobs of a queue, or children of an array, in one status: RUNNING when none is named. A filter looks at all
 * statuses instead and only at jobs of a queue (AWS Batch API reference, ListJobs).
 */
export const listJobs = (endpoint: Endpoint, request: Request<'ListJobs'>): ListJobsResponse => {
  const { tables } = endpoint.state;
  const given = [request.jobQueue, request.arrayJobId, request.multiNodeJobId].filter((v) => v !== undefined);
  if (given.length !== 1)
    throw clientException('Exactly one of jobQueue, arrayJobId and multiNodeJobId must be specified.');
  if (request.multiNodeJobId !== undefined)
    throw clientException('Multi-node parallel jobs are not supported by this endpoint.');
  const filter = request.filters?.[0];
  const candidates = (): Job[] => {
    if (request.arrayJobId !== undefined) {
      const parent = tables.jobs.get(request.arrayJobId);
      if (parent === undefined) throw refused(`Job ${request.arrayJobId} does not exist`);
      return childrenOf(tables, parent);
    }
    const queue = queueOf(tables, request.jobQueue ?? '');
    if (queue === undefined) throw refused(`JobQueue ${request.jobQueue} does not exist`);
    return [...tables.jobs.values()].filter(
      (job) => job.index === undefined && specOf(tables, job).queue === queue.jobQueueName,
    );
  };
  const chosen = candidates().filter((job) =>
    filter !== undefined && request.jobQueue !== undefined
      ? matches(filter, specOf(tables, job))
      : job.status === (request.jobStatus ?? 'RUNNING'),
  );
  const { items, ...rest } = page(
    chosen,
    (job) => sortKey(specOf(tables, job), job),
    request.maxResults ?? 100,
    request.nextToken,
  );
  return { jobSummaryList: items.map((job) => summaryOf(endpoint, job)), ...rest };
};
