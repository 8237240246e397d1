import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import { hierarchical, hierarchicalFlat, type HierarchicalGenotype } from '../../nas/space/hierarchical.ts';
import type { Decisions } from '../../nas/space/space.ts';

const MUTANTS = 12_000;

describe.each([
  {
    space: hierarchical,
    levels: [
      { motifs: 6, nodes: 4 },
      { motifs: 1, nodes: 5 },
    ],
  },
  { space: hierarchicalFlat, levels: [{ motifs: 1, nodes: 11 }] },
])('mutations of $space.name', ({ space, levels }) => {
  const { sizes, labels, toChoices, fromChoices } = space.decisions as Decisions<HierarchicalGenotype>;
  // Every entry holds an operation, so that hardly one of them can disconnect the motif.
  const dense = fromChoices(sizes.map(() => 1)) as HierarchicalGenotype;
  const before = toChoices(dense);
  const random = randomFromSeed(4);
  const changes = Array.from({ length: MUTANTS }, () => {
    const after = toChoices(space.mutate(dense, random));
    return after.flatMap((choice, at) => (choice === before[at] ? [] : [{ at, choice }]));
  });

  it('change one entry', () => {
    expect(changes.every(({ length }) => length === 1)).toBe(true);
  });

  it('draw a level, a motif, a node and one of its predecessors, each uniformly', () => {
    const share = (label: string): number =>
      changes.flat().filter(({ at }) => labels[at] === label).length / MUTANTS;
    let sum = 0;
    levels.forEach(({ motifs, nodes }, level) => {
      for (let motif = 1; motif <= motifs; motif++)
        for (let j = 1; j < nodes; j++)
          for (let i = 0; i < j; i++) {
            const p = 1 / levels.length / motifs / (nodes - 1) / j;
            const measured = share(`level ${level + 2}/motif ${motif}/${i}→${j}`);
            // Four standard deviations of a share.
            expect(Math.abs(measured - p), `${i}→${j}`).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / MUTANTS));
            sum += measured;
          }
    });
    expect(sum).toBeCloseTo(1);
  });

  it('draw each other operation equally often', () => {
    const counts = [0, 2, 3, 4, 5, 6].map(
      (operation) => changes.flat().filter(({ choice }) => choice === operation).length / MUTANTS,
    );
    for (const share of counts) expect(Math.abs(share - 1 / 6)).toBeLessThan(0.015);
  });
});
