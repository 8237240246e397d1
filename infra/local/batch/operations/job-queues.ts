import type {
  CreateJobQueueResponse,
  DescribeJobQueuesResponse,
  GetJobQueueSnapshotResponse,
  JobQueueDetail,
  UpdateJobQueueResponse,
} from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { clientException, refused } from '../errors.ts';
import { queueOf, specOf } from '../lookup.ts';
import { demandOf } from '../resources.ts';
import { arns, nameOf } from '../names.ts';
import { page } from '../paging.ts';
import { isTerminal } from '../records.ts';
import type { Job } from '../records.ts';
import type { Request } from '../requests.ts';
import { endJob } from './stop-jobs.ts';
import { shownTags } from './tags.ts';

type Order = Request<'CreateJobQueue'>['computeEnvironmentOrder'];

const resolveOrder = ({ state }: Endpoint, order: Order): Order => {
  const found = order.map(({ order: position, computeEnvironment }) => {
    const environment = state.tables.computeEnvironments.get(nameOf(computeEnvironment));
    if (environment === undefined) throw refused(`${computeEnvironment} does not exist`);
    return { position, environment };
  });
  const fargate = found.map(
    ({ environment }) => environment.computeResources?.type?.startsWith('FARGATE') ?? false,
  );
  if (new Set(fargate).size > 1) throw refused('EC2 and Fargate compute environments cannot be mixed');
  return found.map(({ position, environment }) => ({
    order: position,
    computeEnvironment: environment.computeEnvironmentArn as string,
  }));
};

export const createJobQueue = (
  endpoint: Endpoint,
  request: Request<'CreateJobQueue'>,
): CreateJobQueueResponse => {
  const { state, options } = endpoint;
  const name = request.jobQueueName;
  if (state.tables.jobQueues.has(name)) throw clientException('Object already exists');
  const queue: JobQueueDetail = {
    ...request,
    jobQueueArn: arns.jobQueue(options.place, name),
    state: request.state ?? 'ENABLED',
    status: 'VALID',
    statusReason: 'JobQueue Healthy',
    computeEnvironmentOrder: resolveOrder(endpoint, request.computeEnvironmentOrder),
    jobQueueType: 'ECS',
    tags: request.tags ?? {},
  };
  state.change(['jobQueues', name, queue]);
  return { jobQueueName: name, jobQueueArn: queue.jobQueueArn };
};

export const updateJobQueue = (
  endpoint: Endpoint,
  request: Request<'UpdateJobQueue'>,
): UpdateJobQueueResponse => {
  const old = queueOf(endpoint.state.tables, request.jobQueue);
  if (old === undefined) throw clientException(`${request.jobQueue} does not exist`);
  const { jobQueue: _name, computeEnvironmentOrder, ...rest } = request;
  endpoint.state.change([
    'jobQueues',
    old.jobQueueName as string,
    {
      ...old,
      ...rest,
      ...(computeEnvironmentOrder === undefined
        ? {}
        : { computeEnvironmentOrder: resolveOrder(endpoint, computeEnvironmentOrder) }),
    },
  ]);
  endpoint.scheduler.poke();
  return { jobQueueName: old.jobQueueName, jobQueueArn: old.jobQueueArn };
};

/** Deletes the queue and ends its jobs, as Batch does. */
export const deleteJobQueue = (
  endpoint: Endpoint,
  request: Request<'DeleteJobQueue'>,
): Record<string, never> => {
  const { tables } = endpoint.state;
  const queue = queueOf(tables, request.jobQueue);
  if (queue === undefined) return {};
  if (queue.state === 'ENABLED') throw refused('Cannot delete, job queue state must be DISABLED');
  for (const job of [...tables.jobs.values()])
    if (!isTerminal(job) && specOf(tables, job).queue === queue.jobQueueName)
      endJob(endpoint, job, 'Job queue deleted');
  endpoint.state.change(['jobQueues', queue.jobQueueName as string, null]);
  return {};
};

export const describeJobQueues = (
  { state }: Endpoint,
  request: Request<'DescribeJobQueues'>,
): DescribeJobQueuesResponse => {
  const wanted = request.jobQueues?.map(nameOf);
  const all = [...state.tables.jobQueues.values()].filter(
    (q) => wanted === undefined || wanted.includes(q.jobQueueName as string),
  );
  const { items, ...rest } = page(
    all,
    (q) => q.jobQueueName as string,
    request.maxResults ?? 100,
    request.nextToken,
  );
  return { jobQueues: items.map((q) => ({ ...q, tags: shownTags(q.tags) })), ...rest };
};

/** The first runnable jobs, the head of the queue first, and the vCPUs that its jobs have now. */
export const getJobQueueSnapshot = (
  { state: { tables }, jobs, scheduler, options: { place } }: Endpoint,
  request: Request<'GetJobQueueSnapshot'>,
): GetJobQueueSnapshotResponse => {
  const name = queueOf(tables, request.jobQueue)?.jobQueueName;
  if (name === undefined) throw refused(`JobQueue ${request.jobQueue} does not exist`);
  const lastUpdatedAt = Date.now();
  const vcpus = [...jobs.running].reduce((sum, id) => {
    const spec = specOf(tables, tables.jobs.get(id) as Job);
    return spec.queue === name ? sum + demandOf(spec.container).vcpus : sum;
  }, 0);
  return {
    frontOfQueue: {
      jobs: scheduler.front
        .of(name)
        .map(({ jobId, since }) => ({ jobArn: arns.job(place, jobId), earliestTimeAtPosition: since })),
      lastUpdatedAt,
    },
    queueUtilization: { totalCapacityUsage: [{ capacityUnit: 'VCPU', quantity: vcpus }], lastUpdatedAt },
  };
};
