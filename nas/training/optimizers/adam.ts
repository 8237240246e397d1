import type { Recipe } from '../../task/recipe.ts';
import type { Tensor } from '../graph/tensor.ts';
import { slotOf, withDecay, zeroSlot, type Optimizer } from './optimizer.ts';

type Settings = Omit<Extract<Recipe['optimizer'], { kind: 'adam' }>, 'kind' | 'learningRate'>;

const STEP = 'adam/step';

/**
 * Where ε stands: beside the corrected root, √(v / (1 − β₂ᵗ)) + ε, as in Algorithm 1 and PyTorch, or beside
 * the uncorrected one, √v + ε, with the correction on the learning rate, as in the remark after it and
 * TensorFlow.
 */
type EpsilonBeside = 'corrected' | 'uncorrected';

/**
 * Adam with bias correction (Kingma & Ba 2015, Algorithm 1); weight decay is added to the gradient. Slots
 * `<parameter>/mean`, `<parameter>/variance`, and one step count, `adam/step`.
 */
export const adam = (
  { beta1, beta2, epsilon, weightDecay }: Settings,
  epsilonBeside: EpsilonBeside = 'corrected',
): Optimizer => ({
  slots: (params) => ({
    [STEP]: zeroSlot([]),
    ...Object.fromEntries(
      Object.entries(params).flatMap(([name, { shape }]) => [
        [`${name}/mean`, zeroSlot(shape)],
        [`${name}/variance`, zeroSlot(shape)],
      ]),
    ),
  }),
  update: (tf, { params, gradients, slots, learningRate }) => {
    const step = tf.add(slotOf(slots, STEP), 1);
    const correction1 = tf.sub(1, tf.pow(beta1, step));
    const correction2 = tf.sqrt(tf.sub(1, tf.pow(beta2, step)));
    const newSlots: Record<string, Tensor> = { [STEP]: step };
    const newParams: Record<string, Tensor> = {};
    for (const [name, param] of Object.entries(params)) {
      const gradient = withDecay(tf, gradients[name] as Tensor, param, weightDecay);
      const mean = tf.add(tf.mul(slotOf(slots, `${name}/mean`), beta1), tf.mul(gradient, 1 - beta1));
      const variance = tf.add(
        tf.mul(slotOf(slots, `${name}/variance`), beta2),
        tf.mul(tf.square(gradient), 1 - beta2),
      );
      const root = tf.sqrt(variance);
      const scale =
        epsilonBeside === 'corrected'
          ? tf.add(tf.div(root, correction2), epsilon)
          : tf.div(tf.add(root, epsilon), correction2);
      newSlots[`${name}/mean`] = mean;
      newSlots[`${name}/variance`] = variance;
      newParams[name] = tf.sub(param, tf.div(tf.mul(tf.div(learningRate, correction1), mean), scale));
    }
    return { params: newParams, slots: newSlots };
  },
});
