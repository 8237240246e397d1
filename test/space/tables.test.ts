import { describe, expect, it } from 'vitest';
import { convolutionsOf, depthOf, expandFractal } from '../../nas/space/fractal-net.ts';
import { nasBench101 } from '../../nas/space/nas-bench-101.ts';
import { nasBench201 } from '../../nas/space/nas-bench-201.ts';
import type { Space } from '../../nas/space/space.ts';
import type { Json } from '../../nas/core/json.ts';

/** Hashes of all valid genotypes of a space of choices. */
const allHashes = <G extends Json>(space: Space<G>): ReadonlySet<string> => {
  const { sizes, fromChoices } = space.decisions ?? { sizes: [], fromChoices: () => undefined };
  const hashes = new Set<string>();
  const walk = (choices: readonly number[]): void => {
    if (choices.length < sizes.length) {
      for (let option = 0; option < (sizes[choices.length] as number); option++) walk([...choices, option]);
      return;
    }
    const genotype = fromChoices(choices);
    if (genotype !== undefined) hashes.add(space.hash(genotype));
  };
  walk([]);
  return hashes;
};

describe('canonical hashes', () => {
  it('count the 6,466 unique topologies of NAS-Bench-201 (Dong & Yang 2020, §2.1)', () => {
    expect(allHashes(nasBench201).size).toBe(6466);
  });

  it('count the 91 graphs of NAS-Bench-101 with at most four vertices', () => {
    expect(allHashes(nasBench101(4)).size).toBe(91);
  });
});

describe('the fractal expansion', () => {
  it.each([1, 2, 3, 4, 5])('of %i columns has 2^C − 1 convolutions and depth 2^(C−1)', (columns) => {
    expect(convolutionsOf(expandFractal(columns))).toBe(2 ** columns - 1);
    expect(depthOf(expandFractal(columns))).toBe(2 ** (columns - 1));
  });
});
