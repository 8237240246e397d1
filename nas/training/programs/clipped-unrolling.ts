import { clipByGlobalNorm, clipFactor } from '../optimizers/clip.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { StepAhead } from './unrolled-gradient.ts';

interface ClippedUnrolling {
  readonly weights: Tensors;
  /** Of the weights' step, as of the recipe. */
  readonly maxNorm: number;
  readonly weightDecay: number;
  readonly learningRate: Tensor;
  /** Weights that the step ahead leaves as they are. */
  readonly unmoved: readonly string[];
}

/**
 * The step ahead of DARTS' recurrent search, quark0/darts at f276dd34, rnn/architect.py:12-22 and :82-107:
 * plain descent by clipped gradients, ahead and in the product; the product is multiplied by the clipping
 * factor of the step, which is not limited to 1. There, the matrix that embedding and decoder share is
 * overwritten by its old value when the step is loaded (:71-80): `unmoved` names it to have that again.
 */
export const clippedUnrolling = (
  tf: Tf,
  { weights, maxNorm, weightDecay, learningRate, unmoved }: ClippedUnrolling,
): { unroll(gradients: Tensors): StepAhead; direction(gradients: Tensors): Tensors } => ({
  unroll: (gradients) => {
    const { gradients: clipped, norm } = clipByGlobalNorm(tf, gradients, maxNorm);
    const moved = (weight: Tensor, name: string): Tensor =>
      tf.sub(weight, tf.mul(learningRate, tf.add(clipped[name] as Tensor, tf.mul(weight, weightDecay))));
    return {
      weights: Object.fromEntries(
        Object.entries(weights).map(([name, weight]) => [
          name,
          unmoved.includes(name) ? weight : moved(weight, name),
        ]),
      ),
      rate: maxNorm === 0 ? learningRate : tf.mul(learningRate, clipFactor(tf, norm, maxNorm)),
    };
  },
  direction: (gradients) => clipByGlobalNorm(tf, gradients, maxNorm).gradients,
});
