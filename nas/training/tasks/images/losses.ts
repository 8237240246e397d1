import type { Tensor, Tf } from '../../graph/tensor.ts';

/**
 * Mean cross entropy of logits [B, K] and labels int32 [B], in nats. Label smoothing ε mixes the target with
 * the uniform distribution: (1 − ε) one-hot + ε / K (Szegedy et al. 2016).
 */
export const crossEntropy = (tf: Tf, logits: Tensor, labels: Tensor, smoothing = 0): Tensor => {
  const classes = logits.shape[1] as number;
  const off = smoothing / classes;
  const target = tf.oneHot(labels as never, classes, 1 - smoothing + off, off, 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1)));
};

/**
 * How many of the batch are classified correctly, as an int32 scalar. Logits with a NaN among them decide
 * nothing and are wrong: their largest entry would be the first class.
 */
export const countCorrect = (tf: Tf, logits: Tensor, labels: Tensor): Tensor => {
  const isDecided = tf.all(tf.equal(logits, logits), 1);
  const isRight = tf.equal(tf.argMax(logits, 1), labels);
  return tf.sum(tf.cast(tf.logicalAnd(isDecided, isRight), 'int32'));
};
