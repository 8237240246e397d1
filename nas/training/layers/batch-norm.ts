import { customOperation } from '../graph/custom-operation.ts';
import { InvalidArchitectureError } from '../program.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../graph/tensor.ts';

/** Added to every variance where nothing else is said. */
export const BATCH_NORM_EPSILON = 1e-5;
/** Share of the batch's statistics in the new running ones (PyTorch's `momentum`). */
export const BATCH_NORM_MOMENTUM = 0.1;
/** Takes the batch's statistics as they are. */
const ALL = 1;

interface BatchNormParameters {
  /** [C]. */
  readonly scale: Tensor;
  readonly offset: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
  /** [1]: updates of the running statistics so far, where they are debiased. */
  readonly runningSteps?: Tensor;
  readonly epsilon: number;
}

interface BatchNormResult {
  readonly y: Tensor;
  /**
   * New running statistics: 0.9 old + 0.1 of the batch, the variance unbiased; debiased, the mean of all
   * batches, each weighing 0.9 of the next.
   */
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
  readonly runningSteps?: Tensor;
}

const attributes = (epsilon: number): Record<string, Attribute> => ({
  T: { type: 'float32' },
  U: { type: 'float32' },
  epsilon: { float: epsilon },
  data_format: { string: 'NHWC' },
  is_training: { bool: true },
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
 * The mean with weights 0.9^(k−1), …, 0.9, 1 of all batches' values, of which `batch` is number k: what
 * TensorFlow's `assign_moving_average` makes of a sum that begins at zero by dividing it by 1 − 0.9^k.
 */
const debiased = (tf: Tf, old: Tensor, batch: Tensor, steps: Tensor): Tensor => {
  const share = tf.div(BATCH_NORM_MOMENTUM, tf.sub(1, tf.pow(1 - BATCH_NORM_MOMENTUM, steps)));
  return tf.add(old, tf.mul(tf.sub(batch, old), share));
};

/**
 * Batch normalisation of x [B, H, W, C] by the batch's biased variance, with PyTorch's running statistics
 * (Ioffe & Szegedy 2015), or TensorFlow's. One native operation forward and one backward.
 *
 * @throws InvalidArchitectureError for a single value a channel, B · H · W = 1.
 */
export const batchNormTraining = (tf: Tf, x: Tensor, parameters: BatchNormParameters): BatchNormResult => {
  const [batchSize, height, width] = x.shape as [number, number, number, number];
  const refusal = oneValueOnly(batchSize, height * width);
  if (refusal !== undefined) throw new InvalidArchitectureError(refusal);
  const { scale, offset, runningMean, runningVariance, runningSteps, epsilon } = parameters;
  const attrs = attributes(epsilon);
  const factor = runningSteps === undefined ? BATCH_NORM_MOMENTUM : ALL;
  const [y, mean, variance] = customOperation(tf, [x, scale, offset, runningMean, runningVariance], {
    forward: (inputs) =>
      execute(tf, 'FusedBatchNormV3', { ...attrs, exponential_avg_factor: { float: factor } }, inputs, 6),
    backward: ([dy], [x, scale], [, , , ...reserved]) => {
      const inputs = [dy, x, scale, ...reserved] as Tensor[];
      const gradients = execute(tf, 'FusedBatchNormGradV3', attrs, inputs, 5);
      return gradients.slice(0, 3).map((gradient) => () => gradient);
    },
  }) as [Tensor, Tensor, Tensor];
  if (runningSteps === undefined) return { y, runningMean: mean, runningVariance: variance };
  const steps = tf.add(runningSteps, 1);
  return {
    y,
    runningMean: debiased(tf, runningMean, mean, steps),
    runningVariance: debiased(tf, runningVariance, variance, steps),
    runningSteps: steps,
  };
};

/** Batch normalisation by the running statistics. */
export const batchNormEvaluation = (tf: Tf, x: Tensor, parameters: BatchNormParameters): Tensor => {
  const { scale, offset, runningMean, runningVariance, epsilon } = parameters;
  const factor = tf.div(scale, tf.sqrt(tf.add(runningVariance, epsilon)));
  return tf.add(tf.mul(x, factor), tf.sub(offset, tf.mul(runningMean, factor)));
};
