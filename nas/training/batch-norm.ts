import { customOperation } from './custom-operation.ts';
import { execute, type Attribute, type Tensor, type Tf } from './tensor.ts';

/** Added to every variance. */
export const BATCH_NORM_EPSILON = 1e-5;
/** Share of the batch's statistics in the new running ones (PyTorch's `momentum`). */
const MOMENTUM = 0.1;

export interface BatchNormParameters {
  /** [C]. */
  readonly scale: Tensor;
  readonly offset: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

export interface BatchNormResult {
  readonly y: Tensor;
  /** New running statistics: 0.9 old + 0.1 of the batch, the variance unbiased. */
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

const attributes = (training: boolean): Record<string, Attribute> => ({
  T: { type: 'float32' },
  U: { type: 'float32' },
  epsilon: { float: BATCH_NORM_EPSILON },
  data_format: { string: 'NHWC' },
  is_training: { bool: training },
});

/**
 * Batch normalisation of x [B, H, W, C] by the batch's biased variance, with PyTorch's running statistics
 * (Ioffe & Szegedy 2015). One native operation forward and one backward.
 */
export const batchNormTraining = (tf: Tf, x: Tensor, parameters: BatchNormParameters): BatchNormResult => {
  const { scale, offset, runningMean, runningVariance } = parameters;
  const [y, mean, variance] = customOperation(tf, [x, scale, offset, runningMean, runningVariance], {
    forward: (inputs) =>
      execute(
        tf,
        'FusedBatchNormV3',
        { ...attributes(true), exponential_avg_factor: { float: MOMENTUM } },
        inputs,
        6,
      ),
    backward: ([dy], [x, scale], [, , , ...reserved]) => {
      const inputs = [dy, x, scale, ...reserved] as Tensor[];
      const gradients = execute(tf, 'FusedBatchNormGradV3', attributes(true), inputs, 5);
      return gradients.slice(0, 3).map((gradient) => () => gradient);
    },
  }) as [Tensor, Tensor, Tensor];
  return { y, runningMean: mean, runningVariance: variance };
};

/** Batch normalisation by the running statistics. */
export const batchNormEvaluation = (tf: Tf, x: Tensor, parameters: BatchNormParameters): Tensor => {
  const { scale, offset, runningMean, runningVariance } = parameters;
  const factor = tf.div(scale, tf.sqrt(tf.add(runningVariance, BATCH_NORM_EPSILON)));
  return tf.add(tf.mul(x, factor), tf.sub(offset, tf.mul(runningMean, factor)));
};
