import { isPool, sourcesOf } from '../../space/layer-graph.ts';
import type { LayerGraph, LayerLabel } from '../../space/layer-graph.ts';
import { transportCost } from './transport.ts';

type Label = 'input' | 'softmax' | 'output' | LayerLabel;

/**
 * Mass of input, output and softmax, each, as a share of the mass of all other layers, and its least value.
 */
const OUTER_SHARE = 0.1;
const LEAST_OUTER_MASS = 100;
/** Mass of a fully connected layer as a share of its product of units. */
const DENSE_SHARE = 0.1;
/** Weights of the structural cost, one distance each. */
const STRUCTURE_WEIGHTS = [0.1, 0.25, 0.61, 1.5] as const;
/** Price of leaving a unit of mass unmatched. */
const UNMATCHED = 1;
/** Only layers of one sort are ever matched. */
const SORTS = ['input', 'conv', 'pool', 'fc', 'softmax', 'output'] as const;
const sortOf = (label: Label): (typeof SORTS)[number] =>
  label === 'conv3' || label === 'conv5' || label === 'conv7'
    ? 'conv'
    : label === 'max_pool' || label === 'avg_pool'
      ? 'pool'
      : label;

/** Label mismatch cost M within a sort: 0 for equal labels, 0.5 between kinds of pooling. */
const mismatch = (a: Label, b: Label): number => {
  if (a === b) return 0;
  if (sortOf(a) === 'pool') return 0.5;
  const kernel = (label: Label): number => Number(label.slice('conv'.length));
  // 0.2 for neighbouring sizes, 0.283 between 3 and 7.
  return 0.1 * Math.sqrt(2 * Math.abs(kernel(a) - kernel(b)));
};

/** A graph's layers with their masses and positions, ready for comparison. */
export interface OtmannProfile {
  /** Input, the graph's layers, softmax, output. */
  readonly labels: readonly Label[];
  readonly masses: readonly number[];
  readonly total: number;
  /** Layers of each sort, as indices. */
  readonly sorts: readonly (readonly number[])[];
  /**
   * For each layer 24 path lengths (§3): shortest, longest and of a random walk; counting all layers,
   * convolutions, pooling layers or fully connected ones; from the input and to the output. A layer counts
   * itself, the path's end not.
   */
  readonly positions: readonly (readonly number[])[];
}

/** Layers that a path length counts. */
const COUNTED: readonly ((label: Label) => boolean)[] = [
  () => true,
  (label) => sortOf(label) === 'conv',
  (label) => sortOf(label) === 'pool',
  (label) => label === 'fc',
];

/**
 * Shortest, longest and mean path lengths to vertex 0, given each vertex's next ones, whose numbers are
 * lower.
 */
const lengths = (
  next: readonly (readonly number[])[],
  counts: readonly boolean[],
): readonly (readonly [number, number, number])[] => {
  const result: [number, number, number][] = [];
  next.forEach((vertices, vertex) => {
    if (vertex === 0) return result.push([0, 0, 0]);
    const own = Number(counts[vertex]);
    const from = vertices.map((other) => result[other] as [number, number, number]);
    return result.push([
      own + Math.min(...from.map(([shortest]) => shortest)),
      own + Math.max(...from.map(([, longest]) => longest)),
      own + from.reduce((sum, [, , walk]) => sum + walk, 0) / from.length,
    ]);
  });
  return result;
};

/** Masses: products of units and incoming units; a pooling layer's are its incoming units. */
const massesOf = (
  graph: LayerGraph,
  labels: readonly Label[],
  before: readonly (readonly number[])[],
): readonly number[] => {
  /** Units that leave a vertex: a pooling layer passes its input's on, the image counts as one. */
  const leaving: number[] = [];
  const inner = labels.map((label, vertex) => {
    const layer = graph.layers[vertex - 1];
    const arriving = (before[vertex] ?? []).reduce((sum, source) => sum + (leaving[source] as number), 0);
    leaving.push(layer === undefined ? 1 : isPool(layer.label) ? arriving : layer.units);
    if (layer === undefined) return 0;
    if (isPool(layer.label)) return arriving;
    return arriving * layer.units * (label === 'fc' ? DENSE_SHARE : 1);
  });
  const outer = Math.max(LEAST_OUTER_MASS, OUTER_SHARE * inner.reduce((a, b) => a + b, 0));
  return inner.map((mass, vertex) => (graph.layers[vertex - 1] === undefined ? outer : mass));
};

/** Layer masses and path lengths of every layer. */
export const otmannProfile = (graph: LayerGraph): OtmannProfile => {
  // The graph's last vertex is softmax and output in one; here the output is a vertex of its own behind the
  // softmax.
  const softmax = graph.layers.length + 1;
  const output = softmax + 1;
  const before = [...sourcesOf(graph), [softmax]];
  const labels: Label[] = ['input', ...graph.layers.map(({ label }) => label), 'softmax', 'output'];
  // To the output: the same walk over reversed edges with vertices renumbered from the output.
  const after = Array.from({ length: output + 1 }, (_, v) =>
    before.flatMap((sources, to) => (sources.includes(output - v) ? [output - to] : [])),
  );
  const walks = COUNTED.flatMap((counted) => {
    const counts = labels.map(counted);
    return [lengths(before, counts), [...lengths(after, [...counts].reverse())].reverse()];
  });
  const masses = massesOf(graph, labels, before);
  return {
    labels,
    masses,
    total: masses.reduce((a, b) => a + b, 0),
    sorts: SORTS.map((sort) => labels.flatMap((label, v) => (sortOf(label) === sort ? [v] : []))),
    positions: labels.map((_, v) => walks.flatMap((walk) => walk[v] as readonly number[])),
  };
};

/**
 * Least cost of matching masses, where a match costs `cost[i][j]` a unit and what stays unmatched
 * `UNMATCHED`.
 */
const matchingCost = (
  a: readonly number[],
  b: readonly number[],
  cost: readonly (readonly number[])[],
): number => {
  const [here, there] = [a, b].map((masses) => masses.reduce((sum, mass) => sum + mass, 0)) as [
    number,
    number,
  ];
  if (a.length === 0 || b.length === 0) return UNMATCHED * (here + there);
  const only = cost[0]?.[0] as number;
  if (a.length === 1 && b.length === 1)
    return Math.abs(here - there) * UNMATCHED + Math.min(here, there) * Math.min(only, 2 * UNMATCHED);
  // One more supply and demand take what stays unmatched; leaving them to each other is free.
  return transportCost(
    [...a, there],
    [...b, here],
    [...cost.map((row) => [...row, UNMATCHED]), [...b.map(() => UNMATCHED), 0]],
  );
};

/**
 * OTMANN distances of two networks (Kandasamy et al. 2018, §3, eq. 1 and 3), one for each weight of the
 * structural cost: the least cost of matching their layers' masses, where a match pays for labels that differ
 * and for positions that differ (the mean difference of path lengths), and unmatched mass pays one. Divided
 * by the sum of both masses they are the paper's normalised distances, in [0, 1]. Masses, costs and weights
 * are those of kirthevasank/nasbot 3c745dc: masses `nn/neural_network.py:393–421`, costs
 * `nn/nn_comparators.py:17–63`, weights `nn/nn_gp.py:33`. Each sort of layers is matched for itself, which is
 * the same minimum, as layers of different sorts must not match, in a fraction of the time.
 */
export const otmannDistances = (a: OtmannProfile, b: OtmannProfile): readonly number[] => {
  const distances = STRUCTURE_WEIGHTS.map(() => 0);
  a.sorts.forEach((here, sort) => {
    const there = b.sorts[sort] as readonly number[];
    const labels = here.map((i) => there.map((j) => mismatch(a.labels[i] as Label, b.labels[j] as Label)));
    const structure = here.map((i) =>
      there.map((j) => {
        const [from, to] = [a.positions[i], b.positions[j]] as [readonly number[], readonly number[]];
        let sum = 0;
        for (let k = 0; k < from.length; k++) sum += Math.abs((from[k] as number) - (to[k] as number));
        return sum / from.length;
      }),
    );
    STRUCTURE_WEIGHTS.forEach((weight, k) => {
      distances[k] =
        (distances[k] as number) +
        matchingCost(
          here.map((i) => a.masses[i] as number),
          there.map((j) => b.masses[j] as number),
          labels.map((row, i) => row.map((cost, j) => cost + weight * (structure[i]?.[j] as number))),
        );
    });
  });
  return distances;
};
