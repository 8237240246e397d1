import { BATCH_NORM_EPSILON, batchNormEvaluation, batchNormTraining } from './batch-norm.ts';
import { conv2d, depthwiseConv2d } from './convolution.ts';
import { dilatedConv2d, dilatedDepthwiseConv2d, dilatedPhases } from './dilated-convolution.ts';
import { activeInputs, joinActive, type Draw } from './fractal-join.ts';
import type { ImageShape, Layers } from './layers.ts';
import {
  averagePool3x3,
  averagePoolSame,
  averagePoolValid,
  maxPool,
  maxPoolSame,
  subsample,
} from './pooling.ts';
import { relu } from './relu.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';

/** Randomness of one training step: drop probabilities as float32 scalars, and the step's seed, int32 [2]. */
export interface DropOptions {
  readonly dropPath?: Tensor;
  readonly dropout?: Tensor;
  readonly seed: Tensor;
}

export type Mode =
  /** Batch statistics; running ones are updated. */
  | { readonly kind: 'train'; readonly trace: Trace; readonly drop?: DropOptions }
  /** Stored running statistics. */
  | { readonly kind: 'evaluate' };

export interface TensorLayers extends Layers<Tensor> {
  /** New running statistics by buffer name, filled while the network runs in training mode. */
  readonly buffers: Record<string, Tensor>;
}

/** Interprets a network over tensors [B, H, W, C] (features: [B, 1, 1, C]) with the given variables. */
export const tensorLayers = (tf: Tf, vars: Tensors, mode: Mode): TensorLayers => {
  const buffers: Record<string, Tensor> = {};
  const variable = (name: string): Tensor => {
    const tensor = vars[name];
    if (tensor === undefined) throw new Error(`variable '${name}' is missing`);
    return tensor;
  };
  const imageShape = (x: Tensor): ImageShape => x.shape.slice(1) as unknown as ImageShape;

  const results = new WeakMap<Tensor, Map<string, Tensor>>();
  /** Operations without parameters are computed once for all readers of a tensor. */
  const shared = (x: Tensor, operation: string, compute: () => Tensor): Tensor => {
    const known = results.get(x) ?? new Map<string, Tensor>();
    results.set(x, known);
    const result = known.get(operation) ?? compute();
    known.set(operation, result);
    return result;
  };

  const drop = mode.kind === 'train' ? mode.drop : undefined;
  let draws = 0;
  const nextDraw = (): number => draws++;
  /**
   * A draw moves the first half of the seed, a step the second: no two draws of a training share their
   * numbers.
   */
  const uniform: Draw = (shape, draw) => {
    if (mode.kind !== 'train' || drop === undefined) throw new Error('nothing is drawn outside training');
    return mode.trace.uniform(shape, tf.add(drop.seed, tf.tensor1d([draw, 0], 'int32')));
  };
  const scaledBy = (probability: Tensor | undefined, share: number): Tensor | undefined =>
    probability === undefined || share === 1 ? probability : tf.mul(probability, share);
  /** Keeps each element of a [B, …] mask with probability 1 − p and rescales. */
  const dropped = (x: Tensor, probability: Tensor | undefined, maskShape: readonly number[]): Tensor => {
    if (probability === undefined) return x;
    const keep = tf.sub(1, probability);
    const mask = tf.floor(tf.add(uniform(maskShape, nextDraw()), keep));
    return tf.mul(x, tf.div(mask, keep));
  };

  return {
    buffers,
    shape: imageShape,
    conv: (x, name, { strides, padding }) => conv2d(tf, x, variable(`${name}.weight`), { strides, padding }),
    dilatedConv: (x, name, { stride, dilation = 2 }) => {
      const phases = shared(x, `dilated${dilation}/${stride}`, () => dilatedPhases(tf, x, stride, dilation));
      return dilatedConv2d(tf, x, phases, variable(`${name}.weight`), stride, dilation);
    },
    depthwise: (x, name, { kernel, stride, dilation, padding = 'symmetric' }) => {
      const filter = variable(`${name}.weight`);
      if (dilation === 2) {
        const phases = shared(x, `dilated2/${stride}`, () => dilatedPhases(tf, x, stride));
        return dilatedDepthwiseConv2d(tf, x, phases, filter, stride);
      }
      const half = (kernel - 1) / 2;
      return depthwiseConv2d(tf, x, filter, {
        strides: [stride, stride],
        padding: padding === 'same' ? padding : [half, half],
      });
    },
    batchNorm: (x, name, affine, { scale, epsilon = BATCH_NORM_EPSILON, debiased = false } = {}) => {
      const channels = imageShape(x)[2];
      const parameters = {
        scale: affine ? variable(`${name}.weight`) : (scale ?? tf.ones([channels])),
        offset: affine ? variable(`${name}.bias`) : tf.zeros([channels]),
        runningMean: variable(`${name}.running_mean`),
        runningVariance: variable(`${name}.running_var`),
        ...(debiased && { runningSteps: variable(`${name}.running_steps`) }),
        epsilon,
      };
      if (mode.kind === 'evaluate') return batchNormEvaluation(tf, x, parameters);
      const { y, runningMean, runningVariance, runningSteps } = batchNormTraining(tf, x, parameters);
      buffers[`${name}.running_mean`] = runningMean;
      buffers[`${name}.running_var`] = runningVariance;
      if (runningSteps !== undefined) buffers[`${name}.running_steps`] = runningSteps;
      return y;
    },
    relu: (x) => shared(x, 'relu', () => relu(tf, x)),
    relu6: (x) => shared(x, 'relu6', () => tf.minimum(relu(tf, x), 6)),
    maxPool: (x, window) => shared(x, `max/${JSON.stringify(window)}`, () => maxPool(tf, x, window)),
    maxPool3x3: (x, stride, padding = 'symmetric') =>
      shared(x, `max${stride}/${padding}`, () =>
        padding === 'same'
          ? maxPoolSame(tf, x, 3, stride)
          : maxPool(tf, x, { kernel: [3, 3], strides: [stride, stride], padding: [1, 1] }),
      ),
    averagePool3x3: (x, stride, padding = 'symmetric') =>
      shared(x, `average${stride}/${padding}`, () =>
        padding === 'same' ? averagePoolSame(tf, x, 3, stride) : averagePool3x3(tf, x, stride),
      ),
    averagePool: (x, size, stride) => averagePoolValid(tf, x, size, stride),
    dropFirst: (x) => shared(x, 'dropFirst', () => tf.slice(x, [0, 1, 1, 0])),
    zero: (x, stride) => tf.mul(stride === 1 ? x : subsample(tf, x), 0),
    zeroPad: (x, shape) => {
      const behind = imageShape(x).map((size, i): [number, number] => [0, (shape[i] as number) - size]);
      return behind.every(([, after]) => after === 0) ? x : tf.pad(x as never, [[0, 0], ...behind]);
    },
    channels: (x, first, count) =>
      count === imageShape(x)[2] ? x : tf.slice(x, [0, 0, 0, first], [-1, -1, -1, count]),
    flatten: (x) => tf.reshape(x, [x.shape[0] as number, 1, 1, -1]),
    add: (xs) => (xs.length === 1 ? (xs[0] as Tensor) : tf.addN([...xs])),
    concat: (xs) => tf.concat([...xs], 3),
    globalAverage: (x) => tf.mean(x, [1, 2], true),
    dropPath: (x, share = 1) => dropped(x, scaledBy(drop?.dropPath, share), [x.shape[0] as number, 1, 1, 1]),
    fractalJoin: (xs, options) =>
      xs.length === 1
        ? (xs[0] as Tensor)
        : joinActive(
            tf,
            xs,
            options.kind,
            drop?.dropPath && activeInputs(tf, options, drop.dropPath, uniform, nextDraw),
          ),
    dropout: (x, share = 1) => dropped(x, scaledBy(drop?.dropout, share), x.shape),
    linear: (x, name, units) => {
      const [batch, , , channels] = x.shape as [number, number, number, number];
      const y = tf.add(
        tf.matMul(tf.reshape(x, [batch, channels]), variable(`${name}.weight`) as never),
        variable(`${name}.bias`),
      );
      return tf.reshape(y, [batch, 1, 1, units]);
    },
  };
};
