import {
  NSC_TYPES,
  layersOf,
  looseEnds,
  predecessorsOf,
  type BlockQnnGenotype,
  type NscType,
} from '../../space/block-qnn.ts';
import type { Layers } from '../layers/layers.ts';
import { reluConvBatchNorm } from '../layers/operations.ts';
import { classify, halve } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';

const AFFINE = true;
const STAGES = 3;

/** Pre-activated convolution: ReLU, k × k convolution, batch norm. */
const convolution = <T>(layers: Layers<T>, x: T, name: string, kernel: number): T => {
  const padding = (kernel - 1) / 2;
  const y = layers.conv(layers.relu(x), `${name}.conv`, {
    filters: layers.shape(x)[2],
    kernel: [kernel, kernel],
    strides: [1, 1],
    padding: [padding, padding],
  });
  return layers.batchNorm(y, `${name}.bn`, AFFINE);
};

/** One block on `channels` channels: states by index, 0 being its input; the loose ends are concatenated. */
const block = <T>(layers: Layers<T>, genotype: BlockQnnGenotype, x: T, name: string, channels: number): T => {
  const states: T[] = [x];
  const narrow = new Map<number, T>();
  /** A state as layers read it. */
  const read = (index: number): T => {
    const state = states[index] as T;
    if (layers.shape(state)[2] === channels) return state;
    const known =
      narrow.get(index) ?? reluConvBatchNorm(layers, state, `${name}.project${index}`, channels, AFFINE);
    narrow.set(index, known);
    return known;
  };
  for (const code of layersOf(genotype)) {
    const [index, type, kernel] = code;
    const inputs = predecessorsOf(code).map(read);
    const [input] = inputs as [T];
    const operation = NSC_TYPES[type as NscType].name;
    switch (operation) {
      case 'conv':
        states.push(convolution(layers, input, `${name}.${index}`, kernel));
        break;
      case 'max_pool':
        states.push(kernel === 1 ? input : layers.maxPool3x3(input, 1));
        break;
      case 'avg_pool':
        states.push(kernel === 1 ? input : layers.averagePool3x3(input, 1));
        break;
      case 'identity':
        states.push(input);
        break;
      case 'add':
        states.push(layers.add(inputs));
        break;
      case 'concat':
        states.push(layers.concat(inputs));
        break;
    }
  }
  return layers.concat(looseEnds(genotype).map((index) => states[index] as T));
};

/**
 * The networks of Zhong et al. 2018, §3.1: a 3 × 3 stem, three stages of equal blocks, 2 × 2 maximum pooling
 * between the stages, after which the channels double, and the global average. `layers` blocks are spread
 * evenly over the stages (N = 4 in each, 32 channels in the first, for CIFAR-10).
 *
 * Deviation: the paper leaves the number of channels open where states of several widths meet; here every
 * layer reads C channels, and what is not as wide (a block's input, a concatenation) is projected by ReLU, 1
 * × 1 convolution and batch norm, once for all its readers.
 */
export const blockQnnNetwork =
  (genotype: BlockQnnGenotype): BuildNetwork =>
  ({ size, classes }) =>
  (layers, x) => {
    const stem = { filters: size.channels, kernel: [3, 3], strides: [1, 1], padding: [1, 1] } as const;
    let y = layers.batchNorm(layers.conv(x, 'stem.conv', stem), 'stem.bn', AFFINE);
    let index = 0;
    for (let stage = 0; stage < STAGES; stage++) {
      if (stage > 0) y = halve(layers, y);
      const end = Math.floor(((stage + 1) * size.layers) / STAGES);
      for (; index < end; index++)
        y = block(layers, genotype, y, `blocks.${index}`, size.channels * 2 ** stage);
    }
    return { logits: classify(layers, layers.relu(y), classes) };
  };
