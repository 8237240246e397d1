import { describe, expect, it } from 'vitest';
import type { Json } from '../../nas/core/json.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { Random } from '../../nas/core/random.ts';
import { NSC_TYPES, blockQnn, type BlockQnnGenotype, type NscType } from '../../nas/space/block-qnn.ts';
import { dartsCnn } from '../../nas/space/darts-cnn.ts';
import { enasMicro } from '../../nas/space/enas-micro.ts';
import { geneticCnn, geneticCnnStages } from '../../nas/space/genetic-cnn.ts';
import { hierarchical, hierarchicalFlat, type HierarchicalGenotype } from '../../nas/space/hierarchical.ts';
import { nasbotGraphs } from '../../nas/space/layer-graph.ts';
import { nasBench101, nasBench101Dag, type NasBench101Genotype } from '../../nas/space/nas-bench-101.ts';
import { nasRl, nasRlSources } from '../../nas/space/nas-rl.ts';
import { nasnet } from '../../nas/space/nasnet.ts';
import { pnas, type PnasGenotype } from '../../nas/space/pnas.ts';
import type { SpaceName } from '../../nas/space/registry.ts';
import { SPACES } from '../support/spaces.ts';
import type { Space } from '../../nas/space/space.ts';
import { inlinedMotifs } from './inlined-motifs.ts';
import { ISOMORPHISMS } from './isomorphisms.ts';

const SAMPLES = 40;
const NAMES = Object.keys(SPACES) as SpaceName[];

describe.each(NAMES.filter((name) => typeof ISOMORPHISMS[name] !== 'string'))('hashes of %s', (name) => {
  const space = SPACES[name];
  const permuted = ISOMORPHISMS[name] as (genotype: Json, random: Random) => Json;
  const random = randomFromSeed(21);
  const samples = Array.from({ length: SAMPLES }, () => space.sample(random));

  it('are equal for all ways to write a network', () => {
    let others = 0;
    for (const genotype of samples) {
      const hash = space.hash(genotype);
      for (let i = 0; i < 4; i++) {
        const other = space.validate(permuted(genotype, random));
        others += Number(JSON.stringify(other) !== JSON.stringify(genotype));
        expect(space.hash(other)).toBe(hash);
      }
    }
    expect(others).toBeGreaterThan(0);
  });
});

/** A graph with vertices that stay where they are before and after those whose order means nothing. */
interface Graph {
  readonly labels: readonly string[];
  readonly edges: readonly (readonly [from: number, to: number, label?: string])[];
  /** Fixed vertices at the beginning and at the end. */
  readonly fixed: readonly [number, number];
}

const permutations = (n: number): readonly (readonly number[])[] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((rest) =>
        Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
      );

/** The least text over all orders of the free vertices, each one tried. */
const bruteForce = ({ labels, edges, fixed: [before, after] }: Graph): string => {
  const free = labels.length - before - after;
  let least: string | undefined;
  for (const order of permutations(free)) {
    const at = (v: number): number =>
      v < before || v >= before + free ? v : before + (order[v - before] as number);
    const text = [
      ...labels.map((label, v) => `${String(at(v)).padStart(2, '0')} ${label}`).sort(),
      ...edges.map(([from, to, label = '']) => `${at(from)}>${at(to)} ${label}`).sort(),
    ].join();
    if (least === undefined || text < least) least = text;
  }
  return least as string;
};

/** Blocks of four layers, each a convolution or a sum. */
const smallBlocks = (): readonly BlockQnnGenotype[] => {
  const from = (layers: BlockQnnGenotype, index: number): readonly BlockQnnGenotype[] => {
    if (index > 4) return [[...layers, [index, 7, 0, 0, 0]]];
    const earlier = Array.from({ length: index }, (_, i) => i);
    return earlier
      .flatMap((a) => [
        [index, 1, 3, a, 0] as const,
        ...earlier.filter((b) => b >= a).map((b) => [index, 5, 0, a, b] as const),
      ])
      .flatMap((layer) => from([...layers, layer], index + 1));
  };
  return from([], 1);
};

const blockGraph = (genotype: BlockQnnGenotype): Graph => {
  const layers = genotype.slice(0, -1);
  return {
    labels: ['input', ...layers.map(([, type, kernel]) => `${type} ${kernel}`)],
    edges: layers.flatMap(([index, type, , first, second]) =>
      (NSC_TYPES[type as NscType].inputs === 2 ? [first, second] : [first]).map((i) => [i, index] as const),
    ),
    fixed: [1, 0],
  };
};

/** Codes that differ in their last stage alone: all graphs of five ordered nodes. */
const lastStages = (): readonly string[] =>
  Array.from({ length: 2 ** 10 }, (_, bits) => {
    const text = bits.toString(2).padStart(10, '0');
    return `0-00|0-00-000|${text[0]}-${text.slice(1, 3)}-${text.slice(3, 6)}-${text.slice(6)}`;
  });

const stageGraph = (genotype: string): Graph => {
  const reads = geneticCnnStages(genotype).at(-1) as readonly (readonly number[])[];
  return {
    labels: reads.map(() => 'node'),
    edges: reads.flatMap((from, to) => from.map((source) => [source, to] as const)),
    fixed: [0, 0],
  };
};

/** Cells of four blocks of one or two operations. */
const smallPnas = (random: Random): PnasGenotype =>
  Array.from({ length: 4 }, (_, b) => {
    const state = (): number => random.int(b + 2);
    return [state(), state(), random.pick(['identity', 'max_pool_3x3']), 'identity'] as const;
  });

const blocksGraph = (blocks: readonly (readonly [number, number, string, string, string?])[]): Graph => ({
  labels: ['older', 'newer', ...blocks.map(([, , , , combination = 'add']) => combination)],
  edges: blocks.flatMap(([a, b, f, g], i) => [[a, i + 2, f] as const, [b, i + 2, g] as const]),
  fixed: [2, 0],
});

/**
 * Choices that keep genotypes alike, so that many are isomorphic: every choice with a label that matches is
 * 0.
 */
const plain = <G extends Json>(space: Space<G>, fixed: RegExp, random: Random): G => {
  const { sizes, labels, fromChoices } = space.decisions as NonNullable<Space<G>['decisions']>;
  for (;;) {
    const genotype = fromChoices(
      sizes.map((size, i) => (fixed.test(labels[i] as string) ? 0 : random.int(size))),
    );
    if (genotype !== undefined) return genotype;
  }
};

/** Vertices that can be tried in all orders, and the fewest that are worth it. */
const ORDERED = { most: 6, least: 2 };

/**
 * Networks of few vertices: most entries hold nothing, the others one of two operations or motifs, or the
 * identity.
 */
const smallMotifs =
  (space: Space<HierarchicalGenotype>) =>
  (random: Random): HierarchicalGenotype => {
    const { sizes, fromChoices } = space.decisions as NonNullable<typeof space.decisions>;
    for (;;) {
      const genotype = fromChoices(sizes.map(() => (random.int(5) < 3 ? 0 : 1 + random.int(3))));
      if (genotype === undefined) continue;
      const free = inlinedMotifs(genotype).labels.length - 2;
      if (free >= ORDERED.least && free <= ORDERED.most) return genotype;
    }
  };

const motifsGraph = (genotype: HierarchicalGenotype): Graph => ({
  ...inlinedMotifs(genotype),
  fixed: [1, 1],
});

const drawn = <G>(count: number, draw: (random: Random) => G): readonly G[] => {
  const random = randomFromSeed(8);
  return Array.from({ length: count }, () => draw(random));
};

interface Trial<G extends Json> {
  readonly space: Space<G>;
  readonly genotypes: () => readonly G[];
  readonly graph: (genotype: G) => Graph;
}
const trial = <G extends Json>(
  space: Space<G>,
  genotypes: () => readonly G[],
  graph: (genotype: G) => Graph,
): Trial<Json> => ({ space, genotypes, graph }) as unknown as Trial<Json>;

const fiveVertices = nasBench101(5);

describe.each([
  trial(blockQnn, smallBlocks, blockGraph),
  trial(geneticCnn, lastStages, stageGraph),
  trial(pnas, () => drawn(600, smallPnas), blocksGraph),
  trial(
    nasnet,
    () => drawn(400, (random) => plain(nasnet, /^reduce|operation|combination|block [234]/, random)),
    ({ normal }) => blocksGraph(normal),
  ),
  trial(
    enasMicro,
    () => drawn(300, (random) => plain(enasMicro, /^reduce|operation|node [34].*first/, random)),
    ({ normal }) =>
      blocksGraph(
        [0, 1, 2, 3, 4].map((node) => {
          const [a, f, b, g] = normal.slice(4 * node, 4 * node + 4) as [number, number, number, number];
          return [a, b, String(f), String(g)] as const;
        }),
      ),
  ),
  trial(
    dartsCnn,
    () =>
      drawn(300, (random) => {
        const genotype = plain(dartsCnn, /^reduce|operation/, random);
        const skipped = genotype.normal.map(([, input]) => ['skip_connect', input] as const);
        return { ...genotype, normal: skipped };
      }),
    ({ normal }) =>
      blocksGraph(
        [0, 1, 2, 3].map((node) => {
          const [[f, a], [g, b]] = normal.slice(2 * node) as [[string, number], [string, number]];
          return [a, b, f, g] as const;
        }),
      ),
  ),
  ...[hierarchical, hierarchicalFlat].map((space) =>
    trial(space, () => drawn(400, smallMotifs(space)), motifsGraph),
  ),
  trial(
    fiveVertices,
    () => drawn(600, (random) => fiveVertices.sample(random)),
    (genotype: NasBench101Genotype) => {
      const { labels, sources } = nasBench101Dag(genotype);
      return {
        labels,
        edges: sources.flatMap((from, to) => from.map((source) => [source, to] as const)),
        fixed: [1, 1],
      };
    },
  ),
  trial(
    nasRl(5),
    () => drawn(300, (random) => plain(nasRl(5), /type|height|width|filters|stride/, random)),
    (genotype) => ({
      labels: genotype.map(() => 'layer'),
      edges: nasRlSources(genotype).flatMap((from, to) => from.map((source) => [source, to] as const)),
      fixed: [0, 0],
    }),
  ),
  trial(
    nasbotGraphs,
    () =>
      drawn(200, (random) => {
        const layers = Array.from({ length: 4 }, () => ({ label: 'conv3', units: 16 }) as const);
        for (;;) {
          const edges = [0, 1, 2, 3, 4].flatMap((from) =>
            [1, 2, 3, 4, 5].flatMap((to) => (from < to && random.int(2) === 0 ? [[from, to] as const] : [])),
          );
          const leads = [1, 2, 3, 4].every(
            (v) => edges.some(([from]) => from === v) && edges.some(([, to]) => to === v),
          );
          if (leads) return { layers, edges };
        }
      }),
    ({ layers, edges }) => ({
      labels: ['input', ...layers.map(({ label }) => label), 'output'],
      edges,
      fixed: [1, 1],
    }),
  ),
])('genotypes of $space.name', ({ space, genotypes, graph }) => {
  it('hash equally exactly if some order of their vertices makes them equal', () => {
    const hashOfGraph = new Map<string, string>();
    const graphOfHash = new Map<string, string>();
    let merged = 0;
    for (const genotype of genotypes()) {
      const [hash, text] = [space.hash(genotype), bruteForce(graph(genotype))];
      merged += Number(hashOfGraph.has(text));
      expect(hashOfGraph.get(text) ?? hash).toBe(hash);
      expect(graphOfHash.get(hash) ?? text).toBe(text);
      hashOfGraph.set(text, hash);
      graphOfHash.set(hash, text);
    }
    expect(merged).toBeGreaterThan(0);
    expect(graphOfHash.size).toBeGreaterThan(10);
  });
});
