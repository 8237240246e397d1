import type { EnasMacroGenotype } from '../../space/enas-macro.ts';
import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import { checkEvenChannels, classify, enasStem, factorizedReduction, reluConv } from './enas-operations.ts';
import type { BuildNetwork } from './network.ts';

/** Layers after which the image halves: those at one and two thirds of the depth. */
export const reductionLayers = (depth: number): readonly number[] => {
  const third = Math.floor(depth / 3);
  if (third === 0)
    throw new InvalidArchitectureError(
      `${depth} layers: allowed: 3 and more, because the image halves after each third`,
    );
  return [third - 1, 2 * third - 1];
};

/** Halves all states, so that any of them can be read later on. */
export const reduceStates = <T>(
  layers: Layers<T>,
  states: readonly T[],
  name: string,
  filters: number,
): T[] => states.map((state, i) => factorizedReduction(layers, state, `${name}.${i}`, filters));

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
 * code builds it (melodyguan/enas 4bcfd73, `general_child.py:192–243` and `371–481`): after each third of the
 * layers all states are halved and the channels doubled, and no ReLU stands before the average.
 * `size.layers` is not read: the genotype has the depth. There is no auxiliary head and no drop-path.
 *
 * Two things differ from the paper's text, as in that code: a layer's separable convolutions are trained as
 * ordinary ones of their size, and a layer with skip connections keeps the batch norm of its 1×1 convolution.
 * Deviation: a pooling layer is ReLU, 1×1 convolution, batch norm and the pool, where the code has nothing
 * (`general_child.py:406–409`) and fails.
 */
export const enasMacroNetwork =
  (genotype: EnasMacroGenotype): BuildNetwork =>
  (setting) => {
    const { size, classes } = setting;
    checkEvenChannels(size.channels);
    const reductions = reductionLayers(genotype.length);
    return (layers, x) => {
      let filters = size.channels;
      let states = [enasStem(layers, x, setting, filters)[1]];
      genotype.forEach((row, index) => {
        states.push(layer(layers, row, states, `layers.${index}`, filters));
        if (!reductions.includes(index)) return;
        filters *= 2;
        states = reduceStates(layers, states, `reductions.${index}`, filters);
      });
      return { logits: classify(layers, layers.globalAverage(states.at(-1) as typeof x), classes) };
    };
  };
