import {
  nasBench101Dag,
  type NasBench101Genotype,
  type NasBench101Operation,
} from '../../space/nas-bench-101.ts';
import type { Layers } from '../layers/layers.ts';
import { classify, convBlock, halve } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';

const STACKS = 3;

interface Graph {
  /** Operation of vertex i + 1. */
  readonly operations: readonly NasBench101Operation[];
  /** For each vertex those that feed it, in rising order; 0 is the input, the last one the output. */
  readonly sources: readonly (readonly number[])[];
}

/**
 * Channels of each vertex (Ying et al. 2019, §2.1 and appendix): the output's are split evenly over the inner
 * vertices that feed it, the first taking what is left over; any other vertex has those of its widest reader.
 */
const channelsOf = ({ sources }: Graph, filters: number): readonly number[] => {
  const output = sources.length - 1;
  const feeding = (sources[output] as readonly number[]).filter((vertex) => vertex > 0);
  const channels = new Array<number>(output + 1).fill(filters);
  for (let vertex = output - 1; vertex > 0; vertex--) {
    const place = feeding.indexOf(vertex);
    const readers = sources.flatMap((from, v) => (v < output && from.includes(vertex) ? [v] : []));
    channels[vertex] =
      place >= 0
        ? Math.floor(filters / feeding.length) + (place < filters % feeding.length ? 1 : 0)
        : Math.max(...readers.map((reader) => channels[reader] as number));
  }
  return channels;
};

const convolved = <T>(layers: Layers<T>, x: T, name: string, filters: number, kernel: 1 | 3): T =>
  convBlock(layers, x, name, { filters, kernel: [kernel, kernel] });

const OPERATIONS = {
  conv3x3: (layers, x, name, filters) => convolved(layers, x, name, filters, 3),
  conv1x1: (layers, x, name, filters) => convolved(layers, x, name, filters, 1),
  maxpool3x3: (layers, x) => layers.maxPool3x3(x, 1),
} as const satisfies Record<
  NasBench101Operation,
  <T>(layers: Layers<T>, x: T, name: string, filters: number) => T
>;

/**
 * A vertex sums its inputs, cut to its channels; what comes from the cell's input is projected by 1 × 1
 * first.
 */
const cell = <T>(layers: Layers<T>, graph: Graph, x: T, name: string, filters: number): T => {
  const { sources, operations } = graph;
  const output = sources.length - 1;
  const channels = channelsOf(graph, filters);
  const states: T[] = [x];
  const project = (vertex: number): T =>
    convolved(layers, x, `${name}.project${vertex}`, channels[vertex] as number, 1);
  for (let vertex = 1; vertex < output; vertex++) {
    const width = channels[vertex] as number;
    const inputs = (sources[vertex] as readonly number[]).map((source) =>
      source === 0 ? project(vertex) : layers.channels(states[source] as T, 0, width),
    );
    const operation = OPERATIONS[operations[vertex - 1] as NasBench101Operation];
    states.push(operation(layers, layers.add(inputs), `${name}.vertex${vertex}`, width));
  }
  const ends = (sources[output] as readonly number[]).filter((vertex) => vertex > 0);
  const shortcut = (sources[output] as readonly number[]).includes(0) ? [project(output)] : [];
  const joined = ends.length > 0 ? [layers.concat(ends.map((vertex) => states[vertex] as T))] : [];
  return layers.add([...joined, ...shortcut]);
};

/**
 * NAS-Bench-101's networks (Ying et al. 2019, §2.1): a 3 × 3 stem, three stacks of equal cells with 2 × 2
 * maximum pooling between them, after which the channels double, and the global average. The benchmark has C
 * = 128 and `layers` = 9 cells, which are spread evenly over the stacks. Parameters are those of the tables.
 */
export const nasBench101Network = (genotype: NasBench101Genotype): BuildNetwork => {
  const { labels, sources } = nasBench101Dag(genotype);
  const graph: Graph = { operations: labels.slice(1, -1) as NasBench101Operation[], sources };
  return ({ size, classes }) =>
    (layers, x) => {
      let y = convBlock(layers, x, 'stem', { filters: size.channels, kernel: [3, 3] });
      let index = 0;
      for (let stack = 0; stack < STACKS; stack++) {
        if (stack > 0) y = halve(layers, y);
        const end = Math.floor(((stack + 1) * size.layers) / STACKS);
        for (; index < end; index++) y = cell(layers, graph, y, `cells.${index}`, size.channels * 2 ** stack);
      }
      return { logits: classify(layers, y, classes) };
    };
};
