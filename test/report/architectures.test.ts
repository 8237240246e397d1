import { describe, expect, it } from 'vitest';
import { chosenSpace, spaceSchema } from '../../nas/space/space-schema.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { architectureGraphs, graphTitle } from '../../nas/report/architectures/drawings.ts';
import { graphText } from '../../nas/report/architectures/graph.ts';
import { renderGraph } from '../../nas/report/architectures/render-graph.ts';
import { SPACES } from '../../nas/space/registry.ts';

const labelsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) =>
    (match[1] as string).replaceAll('&#45;', '-'),
  );

describe.each(Object.keys(SPACES))('drawings of %s', (name) => {
  const choice = spaceSchema.parse({ name });
  const space = chosenSpace(choice);

  it('show every vertex and edge of the genotype, in graphs with names of their own', async () => {
    const random = randomFromSeed(4);
    for (let i = 0; i < 5; i++) {
      const graphs = architectureGraphs(choice, space.print(space.sample(random)));
      expect(graphs.length).toBeGreaterThan(0);
      expect(new Set(graphs.map((graph) => graph.name)).size).toBe(graphs.length);
      for (const graph of graphs) {
        const ids = new Set(graph.nodes.map(({ id }) => id));
        expect(ids.size).toBe(graph.nodes.length);
        for (const { from, to } of graph.edges) expect(ids.has(from) && ids.has(to)).toBe(true);
        expect(graphTitle(graph)).toMatch(/^[A-Z]/);
        if (i > 0) continue;
        const svg = await renderGraph(graphText(graph, 'across'));
        const expected = [
          ...graph.nodes.map(({ label }) => label),
          ...graph.edges.flatMap(({ operation }) => operation?.label ?? []),
        ];
        expect(labelsOf(svg).sort()).toEqual(expected.sort());
      }
    }
  });
});

describe('drawings', () => {
  it('follow skips, joins and pooling', () => {
    const genotype = JSON.stringify([
      { type: 'conv', height: 3, width: 5, filters: 24, stride: 2, skips: [] },
      { type: 'max_pool', height: 3, width: 3, filters: 24, stride: 1, skips: [1] },
      { type: 'conv', height: 1, width: 1, filters: 64, stride: 1, skips: [0, 0] },
      { type: 'conv', height: 7, width: 1, filters: 36, stride: 1, skips: [1, 1, 0] },
    ]);
    const [graph] = architectureGraphs({ name: 'nas-rl', depth: 4 }, genotype);
    expect(graph?.nodes.map(({ label }) => label)).toEqual([
      'image',
      'conv 3×5 /2, 24',
      'max 3×3',
      'conv 1×1, 64',
      'conv 7×1, 36',
      'softmax',
    ]);
    expect(graph?.edges.map(({ from, to }) => `${from}${to}`)).toEqual([
      'v0v1',
      'v1v2',
      'v0v3',
      'v1v4',
      'v2v4',
      'v3v5',
      'v4v5',
    ]);
  });

  it('expand fractals', () => {
    const genotype = '{"blocks":1,"columns":3,"filters":16,"join":"mean"}';
    const [graph] = architectureGraphs({ name: 'fractal-net' }, genotype);
    const labels = graph?.nodes.map(({ label }) => label) ?? [];
    expect(labels.filter((label) => label === 'conv')).toHaveLength(7);
    // Two columns meet in row 2, three in row 4.
    expect(labels.filter((label) => label === 'mean')).toHaveLength(2);
  });
});
