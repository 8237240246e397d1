import { customOperation } from '../graph/custom-operation.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { InvalidArchitectureError } from '../program.ts';
import { BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM } from './batch-norm.ts';

interface FeatureNorm {
  /** [H] each; absent: 1 and 0. */
  readonly affine?: { readonly scale: Tensor; readonly offset: Tensor };
  /** Added to every variance. */
  readonly epsilon?: number;
}

interface FeatureNormResult {
  readonly y: Tensor;
  /** Of the batch, [H], the variance biased; without a gradient. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Why features of so many columns have no statistics. */
export const oneColumnOnly = (batch: number): string | undefined =>
  batch > 1
    ? undefined
    : 'batch norm would see one value a unit: raise recipe.batchSize to at least 2, the columns of the text';

/**
 * Batch normalisation of features x [B, H] by the batch's biased variance. Its statistics are results, so that
 * one norm may be used many times a pass and the running statistics moved after it (`movedStatistics`). In two
 * passes over x: recurrent cells repeat it so often that the fused operation's rounding shows.
 *
 * @throws InvalidArchitectureError for a batch of one.
 */
export const featureNormTraining = (
  tf: Tf,
  x: Tensor,
  { affine, epsilon = BATCH_NORM_EPSILON }: FeatureNorm,
): FeatureNormResult => {
  const batch = x.shape[0] as number;
  const refusal = oneColumnOnly(batch);
  if (refusal !== undefined) throw new InvalidArchitectureError(refusal);
  const [y, mean, variance] = customOperation(tf, [x, ...(affine ? [affine.scale, affine.offset] : [])], {
    forward: ([values, scale, offset]) => {
      const mean = tf.mean(values as Tensor, 0);
      const centred = tf.sub(values as Tensor, mean);
      const variance = tf.mean(tf.square(centred), 0);
      const factor = tf.rsqrt(tf.add(variance, epsilon));
      const normal = tf.mul(centred, factor);
      const y = scale === undefined ? tf.clone(normal) : tf.add(tf.mul(normal, scale), offset as Tensor);
      return [y, mean, variance, normal, factor];
    },
    backward: ([dy], [, scale], [, , , normal, factor]) => {
      const along = tf.mul(dy as Tensor, normal as Tensor);
      const dNormal = scale === undefined ? (dy as Tensor) : tf.mul(dy as Tensor, scale);
      const alongNormal = scale === undefined ? along : tf.mul(along, scale);
      return [
        () => {
          const shared = tf.add(tf.mean(dNormal, 0), tf.mul(normal as Tensor, tf.mean(alongNormal, 0)));
          return tf.mul(tf.sub(dNormal, shared), factor as Tensor);
        },
        ...(scale === undefined ? [] : [() => tf.sum(along, 0), () => tf.sum(dy as Tensor, 0)]),
      ];
    },
  }) as [Tensor, Tensor, Tensor];
  return { y, mean, variance };
};

/** Batch normalisation of features x [B, H] by given statistics. */
export const featureNormEvaluation = (
  tf: Tf,
  x: Tensor,
  statistics: { readonly mean: Tensor; readonly variance: Tensor },
  { affine, epsilon = BATCH_NORM_EPSILON }: FeatureNorm,
): Tensor => {
  const root = tf.sqrt(tf.add(statistics.variance, epsilon));
  const normal = tf.div(tf.sub(x, statistics.mean), root);
  return affine === undefined ? normal : tf.add(tf.mul(normal, affine.scale), affine.offset);
};

/**
 * A running statistic [H] after a pass in which one norm was used n times in each of `length` steps, given the
 * batch's statistics of each use, [T, n, H]: new = (1 − m) old + m of the batch, once a use and in their
 * order, as one product.
 */
export const movedStatistics = (
  tf: Tf,
  running: Tensor,
  uses: Tensor,
  length: Tensor,
  momentum = BATCH_NORM_MOMENTUM,
): Tensor => {
  const [most, each, features] = uses.shape as [number, number, number];
  const count = tf.mul(length, tf.scalar(each, 'int32'));
  const order = tf.range(0, most * each, 1, 'int32');
  const later = tf.sub(tf.sub(count, tf.scalar(1, 'int32')), order);
  // What is behind the last step is zero, and its weight too.
  const isUsed = tf.cast(tf.greaterEqual(later, tf.scalar(0, 'int32')), 'float32');
  const decay = (uses: Tensor): Tensor => tf.pow(tf.scalar(1 - momentum), tf.cast(uses, 'float32'));
  const weights = tf.mul(tf.mul(decay(tf.maximum(later, tf.scalar(0, 'int32'))), isUsed), momentum);
  const moved = tf.matMul(tf.reshape(weights, [1, most * each]), tf.reshape(uses, [most * each, features]));
  return tf.add(tf.mul(running, decay(count)), tf.reshape(moved, [features]));
};
