import type { Recipe } from '../../task/recipe.ts';
import type { Tensor } from '../graph/tensor.ts';
import { slotOf, withDecay, zeroSlot, type Optimizer } from './optimizer.ts';

type Settings = Omit<Extract<Recipe['optimizer'], { kind: 'sgd' }>, 'kind' | 'learningRate'>;

const slotName = (name: string): string => `${name}/momentum`;

/**
 * Stochastic gradient descent with momentum as PyTorch defines it: b ← μ b + g, w ← w − η b, with Nesterov
 * w ← w − η (g + μ b) (Sutskever et al. 2013). One slot a parameter, `<parameter>/momentum`.
 */
export const sgd = ({ momentum, nesterov, weightDecay }: Settings): Optimizer => ({
  slots: (params) =>
    momentum === 0
      ? {}
      : Object.fromEntries(
          Object.entries(params).map(([name, { shape }]) => [slotName(name), zeroSlot(shape)]),
        ),
  update: (tf, { params, gradients, slots, learningRate }) => {
    const newSlots: Record<string, Tensor> = {};
    const newParams: Record<string, Tensor> = {};
    for (const [name, param] of Object.entries(params)) {
      const gradient = withDecay(tf, gradients[name] as Tensor, param, weightDecay);
      let direction = gradient;
      if (momentum > 0) {
        const buffer = tf.add(tf.mul(slotOf(slots, slotName(name)), momentum), gradient);
        newSlots[slotName(name)] = buffer;
        direction = nesterov ? tf.add(gradient, tf.mul(buffer, momentum)) : buffer;
      }
      newParams[name] = tf.sub(param, tf.mul(direction, learningRate));
    }
    return { params: newParams, slots: newSlots };
  },
});
