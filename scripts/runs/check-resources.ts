import { totalmem } from 'node:os';
import { BatchClient, DescribeJobDefinitionsCommand, paginateDescribeJobQueues } from '@aws-sdk/client-batch';
import type { ComputeEnvironmentDetail } from '@aws-sdk/client-batch';
import { askBatch, describeQueue, environmentVcpus } from '../../activities/batch/queue-capacity.ts';
import type { DescribedQueue } from '../../activities/batch/queue-capacity.ts';
import { errorText } from '../../nas/core/error-text.ts';
import { InfrastructureError, infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { gpuMemoryMiB } from '../../nas/experiment/gpu-memory.ts';
import { inputError, inputErrors } from '../../nas/core/input-error.ts';
import type { InputError } from '../../nas/core/input-error.ts';
import type { LoadedExperiment } from '../../nas/experiment/load-experiment.ts';
import { FARGATE, machineBounds } from '../../nas/experiment/machine-bounds.ts';
import type { MachineBounds } from '../../nas/experiment/machine-bounds.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { requestTimeouts } from '../../store/request-timeouts.ts';
import type { LoadedConfig } from '../config.ts';

const REQUEST_MILLISECONDS = 10_000;
const MiB = 2 ** 20;

type Where = Pick<LoadedConfig, 'queue' | 'jobDefinition' | 'source' | 'embedded'>;

/** States in which Batch starts nothing, now or later. */
const UNUSABLE = ['INVALID', 'DELETING', 'DELETED'];
const isUsable = ({ state, status }: ComputeEnvironmentDetail): boolean =>
  state !== 'DISABLED' && !UNUSABLE.includes(status ?? '');

/** One kind of machine of an environment. */
interface Offer extends MachineBounds {
  readonly name: string;
  /** Of one GPU, where there are any. */
  readonly gpuMemoryMiB: number;
}

/**
 * What an environment offers to one job at most. Jobs of the embedded stack are processes of this machine.
 */
const offersOf = (environment: ComputeEnvironmentDetail, embedded: boolean): readonly Offer[] => {
  const { computeEnvironmentName: name = '', computeResources } = environment;
  const most = environmentVcpus(environment);
  const offer = (type: string, bounds: MachineBounds): Offer => ({
    ...bounds,
    name: type === '' ? name : `${name} (${type})`,
    gpuMemoryMiB: gpuMemoryMiB(type),
    vcpus: Math.min(most, bounds.vcpus),
  });
  if (embedded)
    return [offer('this machine', { vcpus: most, memoryMiB: Math.floor(totalmem() / MiB), gpus: 0 })];
  if (computeResources?.type?.startsWith('FARGATE') === true) return [offer('Fargate', FARGATE)];
  const types = computeResources?.instanceTypes ?? [];
  return types.length === 0
    ? [offer('', machineBounds(''))]
    : types.map((type) => offer(type, machineBounds(type)));
};

const FIELDS = ['vcpus', 'memoryMiB', 'gpus'] as const;
const UNITS = { vcpus: 'vCPUs', memoryMiB: 'MiB', gpus: 'GPUs' } as const;

/** What no machine of the queue can give to a job. */
const beyond = (
  { experiment: { resources }, place }: LoadedExperiment,
  queue: string,
  offers: readonly Offer[],
): readonly InputError[] => {
  if (offers.some((offer) => FIELDS.every((field) => resources[field] <= offer[field]))) return [];
  const single = FIELDS.flatMap((field) => {
    const most = Math.max(...offers.map((offer) => offer[field]));
    if (resources[field] <= most) return [];
    const where = offers.filter((offer) => offer[field] === most).map(({ name }) => name);
    return inputError(
      place(['resources', field]),
      resources[field],
      `at most ${most} ${UNITS[field]}, which one machine of queue ${queue} offers: ${where.join(', ')}`,
      most === 0
        ? `set resources.${field} to 0, or name a queue that has them in resources.queue`
        : 'ask for less, or name a queue of larger machines in resources.queue',
    );
  });
  if (single.length > 0) return single;
  const { vcpus, memoryMiB, gpus } = resources;
  return [
    inputError(
      place(['resources']),
      { vcpus, memoryMiB, gpus },
      `what one machine of queue ${queue} offers at most: ${offers
        .map(
          (offer) => `${offer.name}: ${FIELDS.map((field) => `${offer[field]} ${UNITS[field]}`).join(', ')}`,
        )
        .join('; ')}`,
      'ask for less of one, or name another queue in resources.queue',
    ),
  ];
};

/** Why a queue starts no job at all. */
const closedQueue = ({ queue, environments }: DescribedQueue): string | undefined => {
  const { jobQueueName, state, status, statusReason } = queue;
  const because = statusReason === undefined ? '' : `: ${statusReason}`;
  if (state === 'DISABLED') return `${jobQueueName} is disabled`;
  if (UNUSABLE.includes(status ?? '')) return `${jobQueueName} is ${status}${because}`;
  if (environments.some((environment) => isUsable(environment) && environmentVcpus(environment) > 0))
    return undefined;
  const why = environments.map(
    (environment) =>
      `${environment.computeEnvironmentName} is ${
        isUsable(environment)
          ? 'limited to 0 vCPUs'
          : environment.state === 'DISABLED'
            ? 'disabled'
            : `${environment.status}: ${environment.statusReason ?? ''}`
      }`,
  );
  return `${jobQueueName} has no compute environment that starts jobs (${why.join('; ') || 'none'})`;
};

/** Names of the queues that there are; none where they may not be listed. */
const queueNames = async (client: BatchClient): Promise<readonly string[]> => {
  const names: string[] = [];
  try {
    for await (const { jobQueues = [] } of paginateDescribeJobQueues({ client }, {}))
      names.push(...jobQueues.flatMap(({ jobQueueName }) => jobQueueName ?? []));
  } catch {
    // Only the message would have been better.
  }
  return names;
};

const hasJobDefinition = async (client: BatchClient, name: string): Promise<boolean> => {
  // A name stands for its newest revision.
  const named = /^arn:|:\d+$/.test(name) ? { jobDefinitions: [name] } : { jobDefinitionName: name };
  const { jobDefinitions = [] } = await client.send(new DescribeJobDefinitionsCommand(named));
  return jobDefinitions.some(({ status }) => status === 'ACTIVE');
};

const isDenied = (error: unknown): boolean =>
  error instanceof InfrastructureError &&
  error.cause instanceof Error &&
  ['AccessDeniedException', 'AccessDenied'].includes(error.cause.name);

/**
 * Refuses what Batch would accept and never start: a queue that does not exist, is disabled or invalid, a job
 * definition that is not there, and resources beyond what any machine of the queue has. Throws one
 * `InputError` that lists them, `InfrastructureError` when Batch does not answer. Who may not describe queues
 * is told that nothing was checked. Answers the memory of the largest GPU that the queue gives to a job,
 * where that is known.
 */
export const checkResources = async (
  config: Where,
  loaded: LoadedExperiment,
): Promise<number | undefined> => {
  const { experiment, place } = loaded;
  const theirs = experiment.resources.queue;
  const name = theirs ?? config.queue;
  const embedded = config.embedded !== undefined;
  const fix = embedded
    ? 'nas up starts what does not run'
    : 'check region, credentials and permissions (docs/aws.md)';
  const client = new BatchClient({ requestHandler: requestTimeouts(REQUEST_MILLISECONDS) });
  const field = theirs === undefined ? `${config.source}: queue` : place(['resources', 'queue']);
  let largestGpu: number | undefined;
  const queueErrors = async (): Promise<readonly InputError[]> => {
    const described = await describeQueue(client, name, fix);
    if (described === undefined) {
      if (theirs === undefined && embedded) throw infrastructureError(`Batch knows no queue ${name}`, fix);
      const names = await queueNames(client);
      const otherwise = theirs === undefined ? 'correct the name' : `leave it out for ${config.queue}`;
      return [
        inputError(
          field,
          name,
          `a Batch job queue${names.length === 0 ? '' : `: ${names.join(', ')}`}`,
          suggestion(name, names, otherwise),
        ),
      ];
    }
    const closed = closedQueue(described);
    if (closed !== undefined)
      return [
        inputError(
          field,
          name,
          `a queue that starts jobs; ${closed}`,
          'enable or repair it in AWS Batch, or name another queue in resources.queue',
        ),
      ];
    const usable = described.environments.filter(isUsable);
    const offers = usable.flatMap((environment) => offersOf(environment, embedded));
    if (experiment.resources.gpus > 0) {
      const known = offers.filter(({ gpus }) => gpus > 0).map((offer) => offer.gpuMemoryMiB);
      largestGpu = known.length === 0 ? undefined : Math.max(...known);
    }
    return beyond(loaded, name, offers);
  };
  const definitionErrors = async (): Promise<readonly InputError[]> => {
    const { jobDefinition, source } = config;
    const asked = hasJobDefinition(client, jobDefinition);
    if (await askBatch(name, 'DescribeJobDefinitions', asked, fix)) return [];
    if (embedded) throw infrastructureError(`Batch knows no job definition ${jobDefinition}`, fix);
    return [
      inputError(
        `${source}: jobDefinition`,
        jobDefinition,
        'an active job definition of AWS Batch',
        'nas deploy registers the trainer; docs/aws.md',
      ),
    ];
  };
  try {
    const [first, ...rest] = (await Promise.all([queueErrors(), definitionErrors()])).flat();
    if (first !== undefined) throw inputErrors([first, ...rest]);
    return largestGpu;
  } catch (error) {
    if (!isDenied(error)) throw error;
    process.stderr.write(`queue and resources are not checked: ${errorText(error)}\n`);
    return undefined;
  } finally {
    client.destroy();
  }
};
