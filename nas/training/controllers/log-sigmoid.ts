import type { Tensor, Tf } from '../graph/tensor.ts';

/** log σ(x), stable for large |x|. */
export const logSigmoid = (tf: Tf, x: Tensor): Tensor =>
  tf.sub(tf.minimum(x, 0), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
