import { customOperation } from '../graph/custom-operation.ts';
import { InvalidArchitectureError } from '../program.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../graph/tensor.ts';

/** Added to every variance. */
export const BATCH_NORM_EPSILON = 1e-5;
/** Share of the batch's statistics in the new running ones (PyTorch's `momentum`). */
export const BATCH_NORM_MOMENTUM = 0.1;

interface BatchNormParameters {
  /** [C]. */
  readonly scale: Tensor;
  readonly offset: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

interface BatchNormResult {
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
 * Why a batch norm of so few values cannot be trained, and what would help: one value is its own mean, so
 * that all it passes on is the offset. Undefined where there are two or more.
 *
 * @param pixels H · W of its input.
 */
export const oneValueOnly = (batchSize: number, pixels: number): string | undefined =>
  batchSize * pixels > 1
    ? undefined
    : 'batch norm would see one value a channel: a batch of 1 and an activation of 1×1; raise recipe.batchSize to at least 2, ' +
      'use larger images or fewer reductions, or leave out the auxiliary head (auxiliaryWeight 0)';

/**
 * Batch normalisation of x [B, H, W, C] by the batch's biased variance, with PyTorch's running statistics
 * (Ioffe & Szegedy 2015). One native operation forward and one backward.
 *
 * @throws InvalidArchitectureError for a single value a channel, B · H · W = 1.
 */
export const batchNormTraining = (tf: Tf, x: Tensor, parameters: BatchNormParameters): BatchNormResult => {
  const [batchSize, height, width] = x.shape as [number, number, number, number];
  const refusal = oneValueOnly(batchSize, height * width);
  if (refusal !== undefined) throw new InvalidArchitectureError(refusal);
  const { scale, offset, runningMean, runningVariance } = parameters;
  const [y, mean, variance] = customOperation(tf, [x, scale, offset, runningMean, runningVariance], {
    forward: (inputs) =>
      execute(
        tf,
        'FusedBatchNormV3',
        { ...attributes(true), exponential_avg_factor: { float: BATCH_NORM_MOMENTUM } },
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
