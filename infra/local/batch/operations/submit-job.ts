import type {
  ContainerProperties,
  JobDefinition,
  RetryStrategy,
  SubmitJobResponse,
} from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { clientException, refused } from '../errors.ts';
import { definitionOf, queueOf, specOf } from '../lookup.ts';
import { arns, newJobId } from '../names.ts';
import type { Job, JobSpec } from '../records.ts';
import type { Request } from '../requests.ts';
import { demandOf, faultOfDemand } from '../resources.ts';
import type { Tables } from '../state.ts';

/** Entries of `over` replace those of `base` with the same key. */
const merge = <T>(base: readonly T[], over: readonly T[], keyOf: (item: T) => unknown): T[] => [
  ...base.filter((b) => !over.some((o) => keyOf(o) === keyOf(b))),
  ...over,
];

const containerOf = (
  definition: JobDefinition,
  overrides: Request<'SubmitJob'>['containerOverrides'] = {},
): ContainerProperties => {
  const base = definition.containerProperties as ContainerProperties;
  const { environment, resourceRequirements, ...plain } = overrides;
  return {
    ...base,
    ...plain,
    environment: merge(base.environment ?? [], environment ?? [], (e) => e.name),
    resourceRequirements: merge(
      base.resourceRequirements ?? [],
      resourceRequirements ?? [],
      (r) => r.type,
    ) as NonNullable<ContainerProperties['resourceRequirements']>,
  };
};

const checkDependencies = (tables: Tables, request: Request<'SubmitJob'>): void => {
  for (const { jobId, type } of request.dependsOn ?? []) {
    if (type !== undefined && request.arrayProperties === undefined)
      throw refused(`Dependency type ${type} requires an array job`);
    if (jobId === undefined) {
      if (type !== 'SEQUENTIAL') throw refused('A dependency without jobId must have type SEQUENTIAL');
      continue;
    }
    const job = tables.jobs.get(jobId);
    if (job === undefined) throw refused(`Job ${jobId} does not exist`);
    if (type === 'N_TO_N' && specOf(tables, job).arraySize !== request.arrayProperties?.size)
      throw refused(`Array sizes of N_TO_N dependency ${jobId} do not match`);
  }
};

export const submitJob = (endpoint: Endpoint, request: Request<'SubmitJob'>): SubmitJobResponse => {
  const { state, jobs, scheduler, options } = endpoint;
  const { tables } = state;
  const queue = queueOf(tables, request.jobQueue);
  if (queue === undefined) throw refused(`JobQueue ${request.jobQueue} not found.`);
  if (queue.state !== 'ENABLED') throw refused(`JobQueue ${request.jobQueue} is not ENABLED.`);
  const definition = definitionOf(tables, request.jobDefinition);
  if (definition?.status !== 'ACTIVE')
    throw refused(`JobDefinition ${request.jobDefinition} not found or is not ACTIVE.`);
  if (queue.schedulingPolicyArn !== undefined && request.shareIdentifier === undefined)
    throw clientException('A share identifier is required for jobs of a queue with a scheduling policy.');
  if (queue.schedulingPolicyArn === undefined && request.shareIdentifier !== undefined)
    throw clientException('A share identifier is for jobs of a queue with a scheduling policy alone.');
  const container = containerOf(definition, request.containerOverrides);
  const fault = faultOfDemand(demandOf(container), definition.platformCapabilities ?? []);
  if (fault !== undefined) throw refused(fault);
  checkDependencies(tables, request);

  const jobId = newJobId();
  const retry = (request.retryStrategy ?? definition.retryStrategy) as RetryStrategy | undefined;
  const timeoutSeconds = (request.timeout ?? definition.timeout)?.attemptDurationSeconds;
  const schedulingPriority = request.schedulingPriorityOverride ?? definition.schedulingPriority;
  const propagateTags = request.propagateTags ?? definition.propagateTags ?? false;
  const spec: JobSpec = {
    jobId,
    jobName: request.jobName,
    queue: queue.jobQueueName as string,
    jobDefinitionArn: definition.jobDefinitionArn as string,
    jobDefinitionName: definition.jobDefinitionName as string,
    container,
    parameters: { ...definition.parameters, ...request.parameters },
    retryStrategy: { ...retry, attempts: retry?.attempts ?? 1 },
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    dependsOn: (request.dependsOn ?? []) as JobSpec['dependsOn'],
    ...(request.arrayProperties === undefined ? {} : { arraySize: request.arrayProperties.size }),
    ...(request.shareIdentifier === undefined ? {} : { shareIdentifier: request.shareIdentifier }),
    ...(schedulingPriority === undefined ? {} : { schedulingPriority }),
    tags: request.tags ?? {},
    propagateTags,
    createdAt: Date.now(),
  };
  const job: Job = { jobId, specId: jobId, status: 'SUBMITTED', attempts: [] };
  jobs.put([job], ['specs', jobId, spec]);
  scheduler.poke();
  return { jobArn: arns.job(options.place, jobId), jobName: spec.jobName, jobId };
};
