import { describe, expect, it } from 'vitest';
import { machineBounds } from '../../nas/experiment/machine-bounds.ts';

const GiB = 1024;

describe('what a type of machine offers at most', () => {
  // vCPUs, GiB and GPUs of the real machines.
  it.each<[string, number, number, number]>([
    ['t2.nano', 1, 0.5, 0],
    ['m7i.large', 2, 8, 0],
    ['m2.4xlarge', 8, 68.4, 0],
    ['c5n.18xlarge', 72, 192, 0],
    ['c6i.xlarge', 4, 8, 0],
    ['r5.24xlarge', 96, 768, 0],
    ['x2iezn.12xlarge', 48, 1536, 0],
    ['u-24tb1.112xlarge', 448, 24_576, 0],
    ['u7inh-32tb.480xlarge', 1920, 32_768, 0],
    ['hpc6a.48xlarge', 96, 384, 0],
    ['g4dn.xlarge', 4, 16, 1],
    ['g4dn.metal', 96, 384, 8],
    ['g5.48xlarge', 192, 768, 8],
    ['g6e.48xlarge', 192, 1536, 8],
    ['gr6.4xlarge', 16, 128, 1],
    ['p2.16xlarge', 64, 732, 16],
    ['p3.2xlarge', 8, 61, 1],
    ['p4d.24xlarge', 96, 1152, 8],
    ['p5.4xlarge', 16, 256, 1],
    ['p5.48xlarge', 192, 2048, 8],
    ['trn1.32xlarge', 128, 512, 0],
  ])('%s: no less than it has', (type, vcpus, gib, gpus) => {
    const bounds = machineBounds(type);
    expect(bounds.vcpus).toBeGreaterThanOrEqual(vcpus);
    expect(bounds.memoryMiB).toBeGreaterThanOrEqual(gib * GiB);
    expect(bounds.gpus).toBeGreaterThanOrEqual(gpus);
  });

  it('tells small machines from large ones, and GPUs from none', () => {
    expect(machineBounds('c6i.xlarge')).toEqual({ vcpus: 4, memoryMiB: 12 * GiB, gpus: 0 });
    expect(machineBounds('g5.xlarge')).toMatchObject({ vcpus: 4, gpus: 1 });
    expect(machineBounds('g5')).toMatchObject({ gpus: 16 });
    expect(machineBounds('optimal').gpus).toBe(0);
    for (const type of ['', 'optimal', 'g5', 'm7i.metal-24xl', 'x9.tomorrow'])
      expect(machineBounds(type).vcpus).toBeLessThan(999_999);
  });
});
