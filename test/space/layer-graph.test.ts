import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import { autoKerasGraphs as space } from '../../nas/space/layer-graph.ts';
import type { LayerGraph } from '../../nas/space/layer-graph.ts';

const LAYERS = 24;

/** As many layers and skip connections as allowed, all as wide as allowed. */
const full: LayerGraph = {
  layers: Array.from({ length: LAYERS }, () => ({ label: 'conv3', units: 512 })),
  edges: [
    ...Array.from({ length: LAYERS + 1 }, (_, i) => [i, i + 1] as const),
    ...Array.from({ length: 8 }, (_, i) => [i, i + 2] as const),
  ].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
};

describe('a graph of layers that can only shrink', () => {
  it('has mutants of every kind that is left', () => {
    expect(space.validate(full)).toEqual(full);
    const random = randomFromSeed(1);
    const neighbours = new Set(space.neighbours(full).map((graph) => JSON.stringify(graph)));
    const mutants = Array.from({ length: 60 }, () => space.mutate(full, random));
    for (const mutant of mutants) expect(neighbours).toContain(JSON.stringify(mutant));
    const widths = (graph: LayerGraph): number => graph.layers.reduce((sum, { units }) => sum + units, 0);
    expect(mutants.some((graph) => graph.layers.length < LAYERS)).toBe(true);
    expect(mutants.some((graph) => graph.edges.length < full.edges.length)).toBe(true);
    expect(mutants.some((graph) => graph.layers.length === LAYERS && widths(graph) < widths(full))).toBe(
      true,
    );
  });

  it('is mutated about as fast as one that can grow', () => {
    const timed = (graph: LayerGraph): number => {
      const random = randomFromSeed(2);
      const times = Array.from({ length: 41 }, () => {
        const begin = performance.now();
        space.mutate(graph, random);
        return performance.now() - begin;
      });
      return times.sort((a, b) => a - b)[20] as number;
    };
    const narrow = { ...full, layers: full.layers.map((layer) => ({ ...layer, units: 16 as const })) };
    expect(timed(full)).toBeLessThan(8 * timed(narrow));
  });
});
