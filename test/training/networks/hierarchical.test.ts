import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../../nas/core/random.ts';
import {
  HIERARCHICAL_PRIMITIVES,
  hierarchical,
  hierarchicalFlat,
  type HierarchicalGenotype,
} from '../../../nas/space/hierarchical.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import { hierarchicalNetwork } from '../../../nas/training/networks/hierarchical.ts';
import { describeClassifier } from '../../../nas/training/networks/network.ts';

const described = (genotype: HierarchicalGenotype) =>
  describeClassifier(hierarchicalNetwork(genotype), {
    size: { channels: 4, layers: 3, stem: 'cifar' },
    image: [16, 16, 3],
    classes: 10,
    auxiliary: false,
  });

/** Every path from `node` to the last one of `nodes`, as the entries that it takes. */
const paths = (
  edges: readonly number[],
  passes: (operation: number) => boolean,
  nodes: number,
  node = 0,
): readonly (readonly number[])[] => {
  if (node === nodes - 1) return [[]];
  return Array.from({ length: nodes - 1 - node }, (_, k) => node + 1 + k).flatMap((to) => {
    const entry = (to * (to - 1)) / 2 + node;
    if (!passes(edges[entry] as number)) return [];
    return paths(edges, passes, nodes, to).map((rest) => [entry, ...rest]);
  });
};

/** The genotype with none at every entry that no path takes. */
const pruned = ({ motifs }: HierarchicalGenotype, nodes: readonly number[]): HierarchicalGenotype => {
  let passes = (operation: number): boolean => operation > 0;
  return {
    motifs: motifs.map((level, l) => {
      const kept = level.map((edges) => {
        const taken = new Set(paths(edges, passes, nodes[l] as number).flat());
        return edges.map((operation, at) => (taken.has(at) ? operation : 0));
      });
      passes = (operation) => operation > 0 && (kept[operation - 1] ?? []).some((entry) => entry > 0);
      return kept;
    }),
  };
};

const [NONE, IDENTITY, SEPARABLE] = ['none', 'identity', 'sep_conv_3x3'].map((name) =>
  (HIERARCHICAL_PRIMITIVES as readonly string[]).indexOf(name),
) as [number, number, number];

describe('a network of motifs', () => {
  it('leaves out nodes that do not lead to the output', () => {
    const chain = new Array<number>(55).fill(NONE);
    // 0 → 10, and 0 → 1 → 2, from where nothing goes on.
    chain[45] = SEPARABLE;
    const withDeadEnd = chain.map((entry, at) => (at === 0 || at === 2 ? SEPARABLE : entry));
    // A node that nothing reaches, read by the output.
    const withOrphan = chain.map((entry, at) => (at === 45 + 5 ? IDENTITY : entry));
    const plain = described({ motifs: [[chain]] });
    for (const motif of [withDeadEnd, withOrphan]) expect(described({ motifs: [[motif]] })).toEqual(plain);
    // Stem, three cells of 4, 8 and 16 channels, two reductions, classifier.
    const separable = (from: number, to: number): number => 9 * from + from * to + 2 * to;
    expect(countParameters(plain)).toBe(
      9 * 3 * 4 +
        2 * 4 +
        [4, 8, 16].reduce((sum, c) => sum + separable(c, c), 0) +
        separable(4, 8) +
        separable(8, 16) +
        17 * 10,
    );
  });

  it.each([
    ['hierarchical', hierarchical, [4, 5]],
    ['hierarchical-flat', hierarchicalFlat, [11]],
  ] as const)('%s costs what its live part costs', (_, space, nodes) => {
    const random = randomFromSeed(4);
    let different = 0;
    for (let i = 0; i < 30; i++) {
      const genotype = space.sample(random);
      const live = pruned(genotype, nodes);
      if (space.print(live) !== space.print(genotype)) different++;
      const [whole, part] = [described(genotype), described(live)];
      expect(whole.declarations).toEqual(part.declarations);
      expect(countMultiplyAdds(whole)).toBe(countMultiplyAdds(part));
    }
    expect(different).toBeGreaterThan(5);
  });
});
