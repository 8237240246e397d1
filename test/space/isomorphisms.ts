import type { Json } from '../../nas/core/json.ts';
import type { Random } from '../../nas/core/random.ts';
import { NSC_TYPES, type BlockQnnGenotype, type NscLayer, type NscType } from '../../nas/space/block-qnn.ts';
import type { CellEdge, CellGenotype } from '../../nas/space/cell-genotype.ts';
import type { DartsRnnGenotype } from '../../nas/space/darts-rnn.ts';
import { MICRO_NODES, type EnasMicroGenotype } from '../../nas/space/enas-micro.ts';
import type { EnasRnnGenotype } from '../../nas/space/enas-rnn.ts';
import type { FractalNetGenotype } from '../../nas/space/fractal-net.ts';
import { geneticCnnStages, type GeneticCnnGenotype } from '../../nas/space/genetic-cnn.ts';
import type { HierarchicalGenotype } from '../../nas/space/hierarchical.ts';
import { isPool, type LayerGraph } from '../../nas/space/layer-graph.ts';
import type { NasBench101Genotype } from '../../nas/space/nas-bench-101.ts';
import type { NasRlGenotype } from '../../nas/space/nas-rl.ts';
import {
  TREE_LEAVES,
  treeChildren,
  type NasRlRnnGenotype,
  type TreeNode,
} from '../../nas/space/nas-rl-rnn.ts';
import type { NasnetBlock, NasnetGenotype } from '../../nas/space/nasnet.ts';
import type { PnasGenotype } from '../../nas/space/pnas.ts';
import type { SpaceName } from '../../nas/space/registry.ts';

/** A random order of 0 … n − 1 in which everything follows what it reads. */
const forwardOrder = (reads: readonly (readonly number[])[], random: Random): readonly number[] => {
  const order: number[] = [];
  while (order.length < reads.length) {
    const ready = reads.flatMap((from, i) =>
      !order.includes(i) && from.every((source) => order.includes(source)) ? [i] : [],
    );
    order.push(random.pick(ready));
  }
  return order;
};

/** Items in a random forward order, written with the new places of what they read. */
const reordered = <T, R = T>(
  items: readonly T[],
  reads: (item: T, at: number) => readonly number[],
  random: Random,
  write: (item: T, place: (old: number) => number, at: number) => R,
): readonly R[] => {
  const order = forwardOrder(items.map(reads), random);
  return order.map((at) => write(items[at] as T, (old) => order.indexOf(old), at));
};

const swapped = <T>(pair: readonly [T, T], random: Random): readonly [T, T] =>
  random.int(2) === 0 ? pair : [pair[1], pair[0]];

/** Places of a cell's nodes behind its two inputs, which keep theirs. */
const behindInputs =
  (place: (node: number) => number) =>
  (state: number): number =>
    state < 2 ? state : place(state - 2) + 2;
const nodesAmong = (states: readonly number[]): readonly number[] =>
  states.flatMap((state) => (state < 2 ? [] : [state - 2]));

type Pair = readonly [CellEdge, CellEdge];
const cell = (edges: readonly CellEdge[], random: Random): readonly CellEdge[] => {
  const nodes = Array.from(
    { length: edges.length / 2 },
    (_, node) => edges.slice(2 * node, 2 * node + 2) as unknown as Pair,
  );
  return reordered(
    nodes,
    (pair) => nodesAmong(pair.map(([, input]) => input)),
    random,
    (pair, place) =>
      swapped(pair, random).map(([operation, input]): CellEdge => [operation, behindInputs(place)(input)]),
  ).flat();
};

const micro = (numbers: readonly number[], random: Random): readonly number[] => {
  const nodes = Array.from({ length: MICRO_NODES }, (_, node) => numbers.slice(4 * node, 4 * node + 4));
  return reordered(
    nodes,
    ([first, , second]) => nodesAmong([first as number, second as number]),
    random,
    ([first, f, second, g], place) => {
      const state = behindInputs(place);
      const edges = [
        [state(first as number), f],
        [state(second as number), g],
      ] as const;
      return swapped(edges, random).flat() as number[];
    },
  ).flat();
};

const nasnetBlocks = (blocks: readonly NasnetBlock[], random: Random): readonly NasnetBlock[] =>
  reordered(
    blocks,
    ([first, second]) => nodesAmong([first, second]),
    random,
    ([first, second, f, g, combination], place): NasnetBlock => {
      const state = behindInputs(place);
      const branches = [
        [state(first), f],
        [state(second), g],
      ] as const;
      const [[a, p], [b, q]] = swapped(branches, random);
      return [a, b, p, q, combination];
    },
  );

/** A motif's nodes in another order, the first and last in place: entries stand column by column. */
const motif = (entries: readonly number[], random: Random): readonly number[] => {
  const nodes = (1 + Math.sqrt(1 + 8 * entries.length)) / 2;
  const at = (from: number, to: number): number => (to * (to - 1)) / 2 + from;
  const columns = Array.from({ length: nodes }, (_, to) =>
    Array.from({ length: to }, (_v, from) => (entries[at(from, to)] as number) > 0).flatMap((is, from) =>
      is || from === 0 || to === nodes - 1 ? [from] : [],
    ),
  );
  const order = forwardOrder(columns, random);
  return order.flatMap((to, j) =>
    order.slice(0, j).map((from) => (from < to ? (entries[at(from, to)] as number) : 0)),
  );
};

const motifs = ({ motifs: levels }: HierarchicalGenotype, random: Random): HierarchicalGenotype => {
  const inside = levels.map((level) => level.map((entries) => motif(entries, random)));
  return {
    motifs: inside.reduce<{ done: (readonly (readonly number[])[])[]; names: readonly number[] }>(
      ({ done, names }, level, l) => {
        const renamed = level.map((entries) =>
          l === 0
            ? entries
            : entries.map((operation) => (operation === 0 ? 0 : names.indexOf(operation - 1) + 1)),
        );
        const order = random.shuffle(renamed.map((_, m) => m));
        done.push(order.map((m) => renamed[m] as readonly number[]));
        return { done, names: order };
      },
      { done: [], names: [] },
    ).done,
  };
};

const stages = (genotype: GeneticCnnGenotype, random: Random): GeneticCnnGenotype =>
  geneticCnnStages(genotype)
    .map((reads) =>
      reordered(
        reads,
        (from) => from,
        random,
        (from, place) => from.map(place),
      )
        .slice(1)
        .map((from, j) => Array.from({ length: j + 1 }, (_, i) => Number(from.includes(i))).join(''))
        .join('-'),
    )
    .join('|');

const layerGraph = ({ layers, edges }: LayerGraph, random: Random): LayerGraph => {
  const order = forwardOrder(
    layers.map((_, i) => edges.flatMap(([from, to]) => (to === i + 1 && from > 0 ? [from - 1] : []))),
    random,
  );
  const place = (vertex: number): number =>
    vertex === 0 || vertex > layers.length ? vertex : order.indexOf(vertex - 1) + 1;
  return {
    layers: order.map((i) => {
      const layer = layers[i] as LayerGraph['layers'][number];
      // A pooling layer has no units of its own.
      return isPool(layer.label) ? { ...layer, units: random.pick([16, 32, 64]) } : layer;
    }),
    edges: random.shuffle(edges.map(([from, to]) => [place(from), place(to)] as const)),
  };
};

const inputsOf = ([, type, , first, second]: NscLayer): readonly number[] =>
  (NSC_TYPES[type as NscType].inputs === 2 ? [first, second] : [first]).flatMap((i) =>
    i > 0 ? [i - 1] : [],
  );

const nscBlock = (genotype: BlockQnnGenotype, random: Random): BlockQnnGenotype => {
  const layers = reordered(genotype.slice(0, -1), inputsOf, random, (code, place): NscLayer => {
    const [index, type, kernel, first, second] = code;
    const source = (i: number): number => (i === 0 ? 0 : place(i - 1) + 1);
    const two = NSC_TYPES[type as NscType].inputs === 2;
    const [a, b] = two ? swapped([source(first), source(second)], random) : [source(first), 0];
    return [place(index - 1) + 1, type, kernel, a, b];
  });
  return [...layers, ...genotype.slice(-1)];
};

const graph101 = ({ matrix, operations }: NasBench101Genotype, random: Random): NasBench101Genotype => {
  const output = matrix.length - 1;
  const reads = matrix.map((_, to) =>
    to === output
      ? matrix.map((_row, from) => from).slice(0, -1)
      : [...(to > 0 ? [0] : []), ...matrix.flatMap((row, from) => (from > 0 && row[to] === 1 ? [from] : []))],
  );
  const order = forwardOrder(reads, random);
  return {
    matrix: order.map((from) => order.map((to) => matrix[from]?.[to] as number)),
    operations: order.slice(1, -1).map((v) => operations[v - 1] as NasBench101Genotype['operations'][number]),
  };
};

const layersOfNasRl = (genotype: NasRlGenotype, random: Random): NasRlGenotype => {
  const layers = reordered(
    genotype,
    ({ skips }) => skips.flatMap((bit, j) => (bit === 1 ? [j] : [])),
    random,
    (layer, place) => ({
      ...layer,
      // A pooling layer keeps its input's channels.
      ...(layer.type === 'max_pool' ? { filters: random.pick([24, 36, 48, 64]) } : {}),
      reads: layer.skips.flatMap((bit, j) => (bit === 1 ? [place(j)] : [])),
    }),
  );
  return layers.map(({ reads, ...layer }, i) => ({
    ...layer,
    skips: Array.from({ length: i }, (_, j) => Number(reads.includes(j))),
  }));
};

/** State 0, which every way of writing has first, and nodes that read one state each, in another order. */
const stateTree = <T>(
  nodes: readonly T[],
  readsOf: (node: T) => number,
  random: Random,
  write: (node: T, reads: number) => T,
): readonly T[] =>
  reordered(
    nodes,
    (node) => (readsOf(node) === 0 ? [] : [readsOf(node) - 1]),
    random,
    (node, place) => write(node, readsOf(node) === 0 ? 0 : place(readsOf(node) - 1) + 1),
  );

const enasRnnCell = ([first, ...rest]: EnasRnnGenotype, random: Random): EnasRnnGenotype => {
  const pairs = Array.from({ length: rest.length / 2 }, (_, i) => rest.slice(2 * i, 2 * i + 2));
  const written = stateTree(
    pairs,
    ([reads]) => reads as number,
    random,
    ([, activation], reads) => [reads, activation as number],
  );
  return [first as number, ...written.flat()];
};

/** Exchanges the two trees below nodes, at random: both ways of joining commute. */
const treeCell = (genotype: NasRlRnnGenotype, random: Random): NasRlRnnGenotype => {
  const root = genotype.nodes.length - 1;
  const from: number[] = [];
  const place = (node: number, old: number): void => {
    from[node] = old;
    if (node < TREE_LEAVES) return;
    const children = swapped(treeChildren(old), random);
    treeChildren(node).forEach((child, i) => place(child, children[i] as number));
  };
  place(root, root);
  return {
    ...genotype,
    nodes: from.map((old) => genotype.nodes[old] as TreeNode),
    inject: from.indexOf(genotype.inject),
    newCell: from.indexOf(genotype.newCell),
  };
};

/** Writes the same network otherwise, at random. */
type Permuted = (genotype: never, random: Random) => Json;

/** How each space may write one network in several ways; a reason where it cannot. */
export const ISOMORPHISMS: Readonly<Record<SpaceName, Permuted | string>> = {
  'darts-cnn': (genotype: CellGenotype, random: Random) => ({
    ...genotype,
    normal: cell(genotype.normal, random),
    reduce: cell(genotype.reduce, random),
  }),
  'nas-bench-201':
    'the benchmark’s own text of a topology, of which there are 6,466, knows nodes 1 and 2 apart',
  'nas-bench-macro': 'a chain of blocks: there is no other order',
  'nas-bench-101': graph101,
  nasnet: ({ normal, reduce }: NasnetGenotype, random: Random) => ({
    normal: nasnetBlocks(normal, random),
    reduce: nasnetBlocks(reduce, random),
  }),
  pnas: (genotype: PnasGenotype, random: Random) =>
    nasnetBlocks(
      genotype.map(([a, b, f, g]) => [a, b, f, g, 'add'] as const),
      random,
    ).map(([a, b, f, g]) => [a, b, f, g]),
  'nas-rl': layersOfNasRl,
  'nas-rl-growing': layersOfNasRl,
  hierarchical: motifs,
  'hierarchical-flat': motifs,
  'genetic-cnn': stages,
  // With one column there is nothing to join.
  'fractal-net': (genotype: FractalNetGenotype, random: Random) =>
    genotype.columns === 1 ? { ...genotype, join: random.pick(['mean', 'concat']) } : genotype,
  'enas-macro': 'each layer reads the one before it: there is no other order',
  'enas-micro': ({ normal, reduce }: EnasMicroGenotype, random: Random) => ({
    normal: micro(normal, random),
    reduce: micro(reduce, random),
  }),
  nasbot: layerGraph,
  'auto-keras': layerGraph,
  'block-qnn': nscBlock,
  smash:
    'the HyperNet makes weights from the places of banks: networks that number them otherwise are others to it',
  eas: 'a chain of layers: there is no other order',
  'darts-rnn': ({ recurrent, concat }: DartsRnnGenotype, random: Random) => ({
    recurrent: stateTree(
      recurrent,
      ([, state]) => state,
      random,
      ([activation], state) => [activation, state] as const,
    ),
    concat,
  }),
  'enas-rnn': enasRnnCell,
  'nas-rl-rnn': treeCell,
  lstm: 'a stack of layers: there is no other order',
};
