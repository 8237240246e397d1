import type { ComputeEnvironmentDetail } from '@aws-sdk/client-batch';
import { queueOf, specOf } from './lookup.ts';
import { nameOf } from './names.ts';
import type { Job, JobSpec } from './records.ts';
import type { Demand } from './resources.ts';
import { demandOf, fits, minus } from './resources.ts';
import type { Tables } from './state.ts';

/** What running jobs leave free. */
interface Free {
  slots: number;
  machine: Demand;
  /** vCPUs in use, by compute environment. */
  readonly environments: Map<string, number>;
}

export const freeCapacity = (
  tables: Tables,
  running: Iterable<string>,
  slots: number,
  machine: Demand,
): Free => {
  const free: Free = { slots, machine, environments: new Map() };
  for (const id of running) {
    const job = tables.jobs.get(id) as Job;
    if (job.current !== undefined)
      occupy(free, demandOf(specOf(tables, job).container), job.current.computeEnvironment);
  }
  return free;
};

export const occupy = (free: Free, demand: Demand, environment: string): void => {
  free.slots -= 1;
  free.machine = minus(free.machine, demand);
  free.environments.set(environment, (free.environments.get(environment) ?? 0) + demand.vcpus);
};

export type Placement =
  | { readonly kind: 'placed'; readonly environment: ComputeEnvironmentDetail; readonly demand: Demand }
  /** `reason`: what Batch shows as the status reason of the queue's first job, where it shows one. */
  | { readonly kind: 'blocked'; readonly reason?: string };

const TOO_MANY_VCPUS =
  'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job.';
const TOO_LARGE =
  'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.';
const noCapacity = (types: string): string =>
  `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [${types}]`;

/** `optimal` lets Batch choose from the general families; this endpoint then chooses one type of them. */
export const instanceTypeOf = (environment: ComputeEnvironmentDetail): string => {
  const type = environment.computeResources?.instanceTypes?.[0] ?? 'optimal';
  return type === 'optimal' ? 'm5.xlarge' : type;
};

/** The code that begins a reason, by which a queue's time limits name it. */
export const codeOf = (reason: string): string => reason.split(' - ')[0] as string;

/** The first compute environment of the job's queue, in order, that has room for it. */
export const place = (
  tables: Tables,
  spec: JobSpec,
  free: Free,
  slots: number,
  machine: Demand,
): Placement => {
  const demand = demandOf(spec.container);
  const environments = [...(queueOf(tables, spec.queue)?.computeEnvironmentOrder ?? [])]
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .flatMap(({ computeEnvironment }) => {
      const environment = tables.computeEnvironments.get(nameOf(computeEnvironment ?? ''));
      return environment?.state === 'ENABLED' && environment.status === 'VALID' ? [environment] : [];
    });
  const limit = (e: ComputeEnvironmentDetail): number =>
    e.computeResources?.maxvCpus ?? e.unmanagedvCpus ?? 0;
  const allowed = environments.filter((e) => demand.vcpus <= limit(e));
  if (environments.length > 0 && allowed.length === 0) return { kind: 'blocked', reason: TOO_MANY_VCPUS };
  const possible = fits(demand, machine) ? allowed : [];
  if (environments.length > 0 && possible.length === 0) return { kind: 'blocked', reason: TOO_LARGE };
  if (slots === 0 && possible.length > 0)
    return { kind: 'blocked', reason: noCapacity(possible.map(instanceTypeOf).join(', ')) };
  if (free.slots < 1 || !fits(demand, free.machine)) return { kind: 'blocked' };
  const environment = possible.find(
    (e) => (free.environments.get(e.computeEnvironmentName ?? '') ?? 0) + demand.vcpus <= limit(e),
  );
  return environment === undefined ? { kind: 'blocked' } : { kind: 'placed', environment, demand };
};
