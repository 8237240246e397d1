import {
  HIERARCHICAL_PRIMITIVES,
  type HierarchicalGenotype,
  type HierarchicalPrimitive,
} from '../../space/hierarchical.ts';
import { liveMotifs, nodesOf } from '../../space/motif-liveness.ts';
import type { Layers } from '../layers/layers.ts';
import { classify, convBlock } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';

/** An operation of some level. */
type Operation = <T>(layers: Layers<T>, x: T, name: string) => T;

const normalised = <T>(layers: Layers<T>, x: T, name: string): T =>
  layers.relu(layers.batchNorm(x, `${name}.bn`, true));

/** Depthwise, batch norm, ReLU. */
const depthwise: Operation = (layers, x, name) =>
  normalised(layers, layers.depthwise(x, `${name}.depthwise`, { kernel: 3, stride: 1, dilation: 1 }), name);

/** Depthwise and pointwise, batch norm, ReLU; where it reduces, stride 2 and twice the channels. */
const separable = <T>(layers: Layers<T>, x: T, name: string, filters: number, stride: 1 | 2): T => {
  const y = layers.depthwise(x, `${name}.depthwise`, { kernel: 3, stride, dilation: 1 });
  return convBlock(layers, y, `${name}.pointwise`, { filters, kernel: [1, 1] });
};

/** Level 1 (§2.3): all keep size and channels. */
const PRIMITIVES = {
  identity: (_layers, x) => x,
  conv_1x1: (layers, x, name) => convBlock(layers, x, name, { filters: layers.shape(x)[2], kernel: [1, 1] }),
  depthwise_conv_3x3: depthwise,
  sep_conv_3x3: (layers, x, name) => separable(layers, x, name, layers.shape(x)[2], 1),
  max_pool_3x3: (layers, x) => layers.maxPool3x3(x, 1),
  avg_pool_3x3: (layers, x) => layers.averagePool3x3(x, 1),
} as const satisfies Record<Exclude<HierarchicalPrimitive, 'none'>, Operation>;

/** Inputs of a node: concatenated, and brought back to C channels. */
const merged = <T>(layers: Layers<T>, xs: readonly T[], name: string, filters: number): T =>
  xs.length === 1
    ? (xs[0] as T)
    : convBlock(layers, layers.concat(xs), `${name}.merge`, { filters, kernel: [1, 1] });

/**
 * A motif as an operation: node j merges what its live edges, of column j of the matrix, bring from earlier
 * nodes. A node that no path joins to both ends is not built.
 */
const motif =
  (
    edges: readonly number[],
    live: readonly boolean[],
    below: readonly (Operation | undefined)[],
  ): Operation =>
  <T>(layers: Layers<T>, x: T, name: string): T => {
    const states: (T | undefined)[] = [x];
    let at = 0;
    for (let j = 1; j < nodesOf(edges.length); j++) {
      const inputs: T[] = [];
      for (let i = 0; i < j; i++, at++)
        if (live[at] === true) {
          const operation = below[edges[at] as number] as Operation;
          inputs.push(operation(layers, states[i] as T, `${name}.${i}-${j}`));
        }
      states.push(
        inputs.length === 0 ? undefined : merged(layers, inputs, `${name}.${j}`, layers.shape(x)[2]),
      );
    }
    return states.at(-1) as T;
  };

/** The top motif, with each level's motifs built from the level below; undefined is none. */
const cellOf = ({ motifs }: HierarchicalGenotype): Operation => {
  const live = liveMotifs(motifs, HIERARCHICAL_PRIMITIVES.length);
  const top = motifs.reduce<readonly (Operation | undefined)[]>(
    (below, level, l) => [
      undefined,
      ...level.map((edges, m) => motif(edges, live[l]?.[m] as readonly boolean[], below)),
    ],
    HIERARCHICAL_PRIMITIVES.map((name) => (name === 'none' ? undefined : PRIMITIVES[name])),
  );
  return top[1] as Operation;
};

const STAGES = 3;

/**
 * The convolutional networks of Liu et al. 2018: a 3 × 3 convolution, then three stages of the cell (the top
 * motif), separable convolutions of stride 2 between them that double the channels, and the global average
 * (§4.1 and figure 3). `layers` cells are spread evenly over the stages.
 *
 * Deviation: the paper merges the inputs of a node by concatenation and leaves the number of channels open;
 * here a 1 × 1 convolution with batch norm and ReLU brings it back to C.
 */
export const hierarchicalNetwork = (genotype: HierarchicalGenotype): BuildNetwork => {
  const cell = cellOf(genotype);
  return ({ size, classes }) =>
    (layers, x) => {
      let y = convBlock(layers, x, 'stem', { filters: size.channels, kernel: [3, 3] });
      let index = 0;
      for (let stage = 0; stage < STAGES; stage++) {
        if (stage > 0) y = separable(layers, y, `reduce.${stage}`, size.channels * 2 ** stage, 2);
        const end = Math.floor(((stage + 1) * size.layers) / STAGES);
        for (; index < end; index++) y = cell(layers, y, `cells.${index}`);
      }
      return { logits: classify(layers, y, classes) };
    };
};
