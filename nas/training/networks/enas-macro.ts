import type { EnasMacroGenotype } from '../../space/enas-macro.ts';
import type { Layers } from '../layers/layers.ts';
import { factorizedReduce } from '../layers/operations.ts';
import { InvalidArchitectureError } from '../program.ts';
import { checkEvenChannels, classify, reluConv } from './enas-operations.ts';
import type { BuildNetwork, NetworkSetting } from './network.ts';
import { stem } from './stems.ts';

/** Layers after which the image halves: those at one and two thirds of the depth. */
export const reductionLayers = (depth: number): readonly number[] => {
  const third = Math.floor(depth / 3);
  if (third === 0)
    throw new InvalidArchitectureError(
      `${depth} layers: allowed: 3 and more, because the image halves after each third`,
    );
  return [third - 1, 2 * third - 1];
};

/** The first state: a 3×3 convolution to C channels; three of stride 2 for ImageNet. */
export const macroStem = <T>(layers: Layers<T>, x: T, { size }: Pick<NetworkSetting, 'size'>): T => {
  if (size.stem === 'imagenet') return stem(layers, x, size)[1];
  const y = layers.conv(x, 'stem.conv', {
    filters: size.channels,
    kernel: [3, 3],
    strides: [1, 1],
    padding: [1, 1],
  });
  return layers.batchNorm(y, 'stem.bn', true);
};

/** Halves all states, so that any of them can be read later on. */
export const reduceStates = <T>(
  layers: Layers<T>,
  states: readonly T[],
  name: string,
  filters: number,
): T[] => states.map((state, i) => factorizedReduce(layers, state, `${name}.${i}`, filters, true));

const KERNELS = [3, 3, 5, 5] as const;

const layer = <T>(
  layers: Layers<T>,
  [operation, ...skips]: readonly number[],
  states: readonly T[],
  name: string,
  filters: number,
): T => {
  const h = reluConv(layers, states.at(-1) as T, `${name}.in`, filters, 1);
  const kernel = KERNELS[operation as number];
  const y =
    kernel !== undefined
      ? reluConv(layers, h, `${name}.op`, filters, kernel)
      : operation === 4
        ? layers.averagePool3x3(h, 1)
        : layers.maxPool3x3(h, 1);
  if (skips.length === 0) return y;
  const read = skips.flatMap((bit, from) => (bit === 1 ? [states[from] as T] : []));
  return reluConv(layers, layers.concat([...read, y]), `${name}.skip`, filters, 1);
};

/**
 * The network of a macro architecture, trained from scratch (Pham et al. 2018, §2.3 and §B), as the authors'
 * scripts build it: after each third of the layers all states are halved and the channels doubled.
 * `size.layers` is not read: the genotype has the depth. There is no auxiliary head and no drop-path.
 *
 * Two things differ from the paper's text, as in those scripts: a layer's separable convolutions are trained
 * as ordinary ones of their size, and a layer with skip connections keeps the batch norm of its 1×1
 * convolution. Pooling layers have the 1×1 convolution of the search, which the scripts leave out.
 */
export const enasMacroNetwork =
  (genotype: EnasMacroGenotype): BuildNetwork =>
  (setting) => {
    const { size, classes } = setting;
    checkEvenChannels(size.channels);
    const reductions = reductionLayers(genotype.length);
    return (layers, x) => {
      let filters = size.channels;
      let states = [macroStem(layers, x, setting)];
      genotype.forEach((row, index) => {
        states.push(layer(layers, row, states, `layers.${index}`, filters));
        if (!reductions.includes(index)) return;
        filters *= 2;
        states = reduceStates(layers, states, `reductions.${index}`, filters);
      });
      return { logits: classify(layers, states.at(-1) as typeof x, classes) };
    };
  };
