import {
  looseEnds,
  microEdges,
  type EnasMicroCell,
  type EnasMicroGenotype,
  type MicroOperation,
} from '../../space/enas-micro.ts';
import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import {
  batchNorm,
  checkEvenChannels,
  classify,
  conv,
  doubleSeparable,
  enasStem,
  factorizedReduction,
  reluConv,
} from './enas-operations.ts';
import type { BuildNetwork } from './network.ts';

/**
 * Cells that halve the image; the others come in three runs of equal length, of which the last takes the
 * remainder.
 */
export const reductionCells = (cells: number): readonly number[] => {
  if (cells < 2)
    throw new InvalidArchitectureError(
      `${cells} cells: allowed: 2 and more, because two cells are reductions`,
    );
  const run = Math.floor((cells - 2) / 3);
  return [run, 2 * run + 1];
};

/** Brings the two previous cells to one size and width (`micro_child.py:209–238`). */
export const calibrate = <T>(
  layers: Layers<T>,
  [s0, s1]: readonly [T, T],
  name: string,
  filters: number,
): readonly [T, T] => {
  const [h0, , c0] = layers.shape(s0);
  const [h1, , c1] = layers.shape(s1);
  const older =
    h0 !== h1
      ? factorizedReduction(layers, layers.relu(s0), `${name}.in0`, filters)
      : c0 === filters
        ? s0
        : reluConv(layers, s0, `${name}.in0`, filters, 1);
  return [older, c1 === filters ? s1 : reluConv(layers, s1, `${name}.in1`, filters, 1)];
};

const operate = <T>(layers: Layers<T>, x: T, operation: MicroOperation, name: string, stride: 1 | 2): T => {
  switch (operation) {
    case 'sep_conv_3x3':
      return doubleSeparable(layers, x, name, 3, stride);
    case 'sep_conv_5x5':
      return doubleSeparable(layers, x, name, 5, stride);
    case 'avg_pool_3x3':
      return layers.averagePool3x3(x, stride, 'same');
    case 'max_pool_3x3':
      return layers.maxPool3x3(x, stride, 'same');
    case 'skip_connect':
      return stride === 1 ? x : factorizedReduction(layers, x, name, layers.shape(x)[2]);
  }
};

const cell = <T>(
  layers: Layers<T>,
  numbers: EnasMicroCell,
  inputs: readonly [T, T],
  name: string,
  filters: number,
  stride: 1 | 2,
  dropShare: number,
): T => {
  const [older, newer] = calibrate(layers, inputs, name, filters);
  // The newer one passes another 1×1 convolution.
  const states = [older, reluConv(layers, newer, `${name}.base`, filters, 1)];
  const edges = microEdges(numbers);
  const branch = (edge: number): T => {
    const [operation, input] = edges[edge] as (typeof edges)[number];
    const state = states[input] as T;
    const y = operate(layers, state, operation, `${name}.edges.${edge}`, input < 2 ? stride : 1);
    // Convolutions and pools may be dropped, the identity never (`micro_child.py:465–468`).
    return operation === 'skip_connect' ? y : layers.dropPath(y, dropShare);
  };
  for (let edge = 0; edge < edges.length; edge += 2)
    states.push(layers.add([branch(edge), branch(edge + 1)]));
  // An input that no node reads still has its size before the reduction.
  const ends = looseEnds(numbers).map((state) =>
    state < 2 && stride === 2
      ? factorizedReduction(layers, states[state] as T, `${name}.ends.${state}`, filters)
      : (states[state] as T),
  );
  return layers.concat(ends);
};

/**
 * The authors' classifier beside the last run of cells (`micro_child.py:286–324`): 5×5 average, 1×1 to 128, a
 * filter of the whole image to 768.
 */
const auxiliaryHead = <T>(layers: Layers<T>, x: T, classes: number): T => {
  const [h, w] = layers.shape(x);
  if (h !== w || h < 5)
    throw new InvalidArchitectureError(
      `the auxiliary head needs a square activation of at least 5×5 after the second reduction, not ${h}×${w}; use larger images or auxiliaryWeight 0`,
    );
  const name = 'auxiliary';
  const project = (input: T, part: string, filters: number, side: number): T => {
    const y = layers.conv(input, `${name}.${part}.conv`, {
      filters,
      kernel: [side, side],
      strides: [1, 1],
      padding: [0, 0],
      initial: { kind: 'he', fanIn: side * side * layers.shape(input)[2] },
    });
    return layers.relu(batchNorm(layers, y, `${name}.${part}.bn`));
  };
  const pooled = project(layers.averagePool(layers.relu(x), 5, 3), 'projection', 128, 1);
  const features = project(pooled, 'features', 768, layers.shape(pooled)[0]);
  return conv(layers, layers.globalAverage(features), `${name}.classifier`, classes, 1);
};

/** Output of the stem and of every cell, in order. */
export const microOutputs = <T>(
  layers: Layers<T>,
  x: T,
  genotype: EnasMicroGenotype,
  size: ImageNetworkSize,
): readonly T[] => {
  const reductions = reductionCells(size.layers);
  let filters = size.channels;
  let states = enasStem(layers, x, { size }, 3 * filters);
  const outputs = [states[1]];
  for (let index = 0; index < size.layers; index++) {
    const reduction = reductions.includes(index);
    if (reduction) filters *= 2;
    const numbers = reduction ? genotype.reduce : genotype.normal;
    const dropShare = (index + 1) / size.layers;
    const y = cell(layers, numbers, states, `cells.${index}`, filters, reduction ? 2 : 1, dropShare);
    states = [states[1], y];
    outputs.push(y);
  }
  return outputs;
};

/**
 * The network of a pair of cells, trained from scratch (Pham et al. 2018, §2.4 and §B), as the authors' code
 * builds it (melodyguan/enas 4bcfd73, `micro_child.py:240–517`). `size.layers` counts all cells, the two
 * reductions included: 17 for the published "15 layers". Drop-path grows with depth: of cell l it is the
 * recipe's times (l + 1) / `size.layers` (`micro_child.py:196–207`). The auxiliary head follows the cell
 * behind the second reduction. Deviations: its filter that covers the whole activation is not padded, and it
 * is trained, where the code hands its weights to no optimiser (`micro_child.py:721–723`).
 */
export const enasMicroNetwork =
  (genotype: EnasMicroGenotype): BuildNetwork =>
  ({ size, classes, auxiliary }) => {
    checkEvenChannels(size.channels);
    const headAfter = Math.min((reductionCells(size.layers)[1] as number) + 1, size.layers - 1);
    return (layers, x) => {
      const outputs = microOutputs(layers, x, genotype, size);
      const features = layers.globalAverage(layers.relu(outputs.at(-1) as typeof x));
      const logits = classify(layers, features, classes);
      if (!auxiliary) return { logits };
      return { logits, auxiliary: auxiliaryHead(layers, outputs[headAfter + 1] as typeof x, classes) };
    };
  };
