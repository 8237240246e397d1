import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

/** What gradients of this norm are multiplied with to have the norm `maxNorm`, as PyTorch computes it. */
export const clipFactor = (tf: Tf, norm: Tensor, maxNorm: number): Tensor =>
  tf.div(maxNorm, tf.add(norm, 1e-6));

/**
 * Scales all gradients so that their common Euclidean norm is at most `maxNorm`; 0 leaves them as they are
 * (Pascanu et al. 2013). `norm` is the one before scaling.
 */
export const clipByGlobalNorm = (
  tf: Tf,
  gradients: Tensors,
  maxNorm: number,
): { readonly gradients: Tensors; readonly norm: Tensor } => {
  const norm = tf.sqrt(tf.addN(Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)))));
  if (maxNorm === 0) return { gradients, norm };
  const factor = tf.minimum(1, clipFactor(tf, norm, maxNorm));
  const clipped = Object.entries(gradients).map(([name, gradient]): [string, Tensor] => [
    name,
    tf.mul(gradient, factor),
  ]);
  return { gradients: Object.fromEntries(clipped), norm };
};
