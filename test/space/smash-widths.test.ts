import { describe, expect, it } from 'vitest';
import { viewOf, type SmashGenotype } from '../../nas/space/smash-genotype.ts';
import { smashParts, smashPath, smashShapes } from '../../nas/training/supernets/smash-path.ts';

const OPTIONS = { depth: 1, width: 4, maxWidth: 4, maxKernel: 3, maxGroups: 1 };

/** One operation a block; the first reads `reads` units of its eight and has `width` of them. */
const genotypeOf = (reads: number, width: number): SmashGenotype => {
  const op = (count: number, out: number) => ({
    read: Array.from({ length: count }, (_, i) => i),
    width: out,
    convs: [[3, 1, 1], null, null, null] as const,
    write: Array.from({ length: out }, (_, i) => i),
  });
  return {
    width: OPTIONS.maxWidth,
    blocks: [
      { input: 8, bank: 1, ops: [op(reads, width)] },
      { input: 12, bank: 1, ops: [op(1, 1)] },
      { input: 14, bank: 1, ops: [op(1, 1)] },
    ],
  };
};

const own = (reads: number, width: number): number =>
  viewOf(genotypeOf(reads, width))[0]?.ops[0]?.bottleneck as number;

/** What the supernet uses of the generated weights. */
const generated = (reads: number, width: number): number => {
  const shapes = smashShapes(OPTIONS, 1);
  const path = smashPath(shapes, genotypeOf(reads, width));
  let at = 0;
  for (const [name, shape] of Object.entries(smashParts(shapes))) {
    if (name === 'bottleneck.0') return path[at] as number;
    at += shape.reduce((size, n) => size * n, 1);
  }
  return Number.NaN;
};

describe('the width of a 1×1 convolution', () => {
  it.each([
    // reads, width, of a network of its own, generated
    [1, 4, 1, 1],
    [3, 1, 3, 3],
    [7, 1, 4, 4],
    [8, 2, 8, 4],
    [8, 3, 6, 4],
    [5, 4, 4, 4],
  ])(
    'reading %i units for %i is as in the authors’ code, with N_max = 4',
    (reads, width, ofItsOwn, ofTheSupernet) => {
      expect(own(reads, width)).toBe(ofItsOwn);
      expect(generated(reads, width)).toBe(ofTheSupernet);
    },
  );

  it('ends at twice the widest operation', () => {
    const wide: SmashGenotype = { ...genotypeOf(8, 2), width: 3 };
    expect(viewOf(wide)[0]?.ops[0]?.bottleneck).toBe(6);
  });
});
