/** What one machine offers at most to one job. */
export interface MachineBounds {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
}

const GiB = 1024;

/** More than the largest machine that EC2 offers has of anything. */
const LARGEST: MachineBounds = { vcpus: 1920, memoryMiB: 32 * 1024 * GiB, gpus: 16 };

/** The largest size of a Fargate task, which has no machine of its own. */
export const FARGATE: MachineBounds = { vcpus: 16, memoryMiB: 120 * GiB, gpus: 0 };

/** GiB for each vCPU at most, by the letters before a family's generation; other families have at most 64. */
const GIB_PER_VCPU: Readonly<Record<string, number>> = { c: 3, m: 9, t: 4, r: 8, g: 8, gr: 8, p: 16 };

/** Families with NVIDIA's GPUs. */
const HAS_GPUS = /^(p|g|gr)\d/;

/**
 * What a type or family of machines offers at most, from its name alone: sizes count in quarters of `xlarge`,
 * which has 4 vCPUs. Nothing that fits the real machine is beyond these bounds, so who refuses by them
 * refuses the impossible alone.
 */
export const machineBounds = (type: string): MachineBounds => {
  const [family = '', size] = type.split('.');
  if (family === 'optimal') return { ...LARGEST, gpus: 0 };
  const multiple = /^(\d*)xlarge$/.exec(size ?? '')?.[1];
  const vcpus =
    multiple !== undefined
      ? 4 * Number(multiple === '' ? 1 : multiple)
      : ['nano', 'micro', 'small', 'medium', 'large'].includes(size ?? '')
        ? 2
        : LARGEST.vcpus;
  const letters = /^[a-z]+/.exec(family)?.[0] ?? '';
  return {
    vcpus: Math.min(vcpus, LARGEST.vcpus),
    memoryMiB: Math.min(LARGEST.memoryMiB, vcpus * (GIB_PER_VCPU[letters] ?? 64) * GiB),
    gpus: HAS_GPUS.test(family) ? Math.min(LARGEST.gpus, Math.ceil(vcpus / 4)) : 0,
  };
};
