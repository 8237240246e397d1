import type { ContainerProperties } from '@aws-sdk/client-batch';

/** What a job occupies. */
export interface Demand {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
}

/** A container's demand; `resourceRequirements` wins over the older fields `vcpus` and `memory`. */
export const demandOf = (container: ContainerProperties): Demand => {
  const required = (type: string): number | undefined => {
    const entry = container.resourceRequirements?.find((r) => r.type === type);
    return entry === undefined ? undefined : Number(entry.value);
  };
  return {
    vcpus: required('VCPU') ?? container.vcpus ?? 0,
    memoryMiB: required('MEMORY') ?? container.memory ?? 0,
    gpus: required('GPU') ?? 0,
  };
};

/** Memory that Fargate has for so many vCPUs, MiB: from, to, in steps of. */
const FARGATE: ReadonlyMap<number, readonly [from: number, to: number, step: number]> = new Map([
  [0.25, [512, 2048, 512]],
  [0.5, [1024, 4096, 1024]],
  [1, [2048, 8192, 1024]],
  [2, [4096, 16_384, 1024]],
  [4, [8192, 30_720, 1024]],
  [8, [16_384, 61_440, 4096]],
  [16, [32_768, 122_880, 8192]],
]);

/**
 * Why a container's demand cannot be placed on the platforms of its job definition, whatever machines there
 * are; `undefined` when it can (AWS Batch API reference, ResourceRequirement).
 */
export const faultOfDemand = (
  { vcpus, memoryMiB, gpus }: Demand,
  platforms: readonly string[],
): string | undefined => {
  if (!platforms.includes('FARGATE'))
    return Number.isInteger(vcpus) && vcpus >= 1
      ? undefined
      : `VCPU ${vcpus}: on EC2 resources, vCPUs are a whole number of at least 1`;
  if (gpus > 0) return `GPU ${gpus}: Fargate resources have no GPUs`;
  const range = FARGATE.get(vcpus);
  if (range === undefined)
    return `VCPU ${vcpus}: on Fargate resources, vCPUs are one of ${[...FARGATE.keys()].join(', ')}`;
  const [from, to, step] = range;
  // A quarter of a vCPU has no 1.5 GiB.
  const offered = memoryMiB >= from && memoryMiB <= to && (memoryMiB - from) % step === 0;
  return offered && !(vcpus === 0.25 && memoryMiB === 1536)
    ? undefined
    : `MEMORY ${memoryMiB}: Fargate has no such memory for ${vcpus} vCPUs`;
};

export const fits = (demand: Demand, free: Demand): boolean =>
  demand.vcpus <= free.vcpus && demand.memoryMiB <= free.memoryMiB && demand.gpus <= free.gpus;

export const minus = (a: Demand, b: Demand): Demand => ({
  vcpus: a.vcpus - b.vcpus,
  memoryMiB: a.memoryMiB - b.memoryMiB,
  gpus: a.gpus - b.gpus,
});
