import type { Recipe } from '../../task/recipe.ts';
import type { HostTensor } from '../program.ts';
import type { Tensor } from '../graph/tensor.ts';
import { slotOf, withDecay, zeroSlot, type Optimizer } from './optimizer.ts';

type Settings = Omit<Extract<Recipe['optimizer'], { kind: 'rmsprop' }>, 'kind' | 'learningRate'>;

/** The mean square starts at one, as in TensorFlow's optimiser that the NASNet recipe used. */
const ones = (shape: readonly number[]): HostTensor => {
  const slot = zeroSlot(shape);
  return { ...slot, data: slot.data.fill(1) };
};

/**
 * RMSProp with momentum as TensorFlow defines it and NASNet used it (Zoph et al. 2018, appendix A.3): s ← ρ s
 * + (1 − ρ) g², b ← μ b + η g / √(s + ε), w ← w − b. Slots `<parameter>/square` and `<parameter>/momentum`.
 */
export const rmsprop = ({ decay, momentum, epsilon, weightDecay }: Settings): Optimizer => ({
  slots: (params) =>
    Object.fromEntries(
      Object.entries(params).flatMap(([name, { shape }]) => [
        [`${name}/square`, ones(shape)],
        [`${name}/momentum`, zeroSlot(shape)],
      ]),
    ),
  update: (tf, { params, gradients, slots, learningRate }) => {
    const newSlots: Record<string, Tensor> = {};
    const newParams: Record<string, Tensor> = {};
    for (const [name, param] of Object.entries(params)) {
      const gradient = withDecay(tf, gradients[name] as Tensor, param, weightDecay);
      const square = tf.add(
        tf.mul(slotOf(slots, `${name}/square`), decay),
        tf.mul(tf.square(gradient), 1 - decay),
      );
      const step = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(square, epsilon)));
      const buffer = tf.add(tf.mul(slotOf(slots, `${name}/momentum`), momentum), step);
      newSlots[`${name}/square`] = square;
      newSlots[`${name}/momentum`] = buffer;
      newParams[name] = tf.sub(param, buffer);
    }
    return { params: newParams, slots: newSlots };
  },
});
