import { convolvedLength } from './convolution.ts';
import { customOperation } from '../graph/custom-operation.ts';
import type { PoolingWindow } from './layers.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../graph/tensor.ts';

const attributes = (
  kernel: readonly [number, number],
  strides: readonly [number, number],
  padding: 'SAME' | 'VALID',
): Record<string, Attribute> => ({
  T: { type: 'float32' },
  ksize: { int: [1, ...kernel, 1] },
  strides: { int: [1, ...strides, 1] },
  padding: { string: padding },
  data_format: { string: 'NHWC' },
});

/** Below every activation, so that padding never wins a maximum. */
const LOWEST = -3.4028234663852886e38;

const padImage = (tf: Tf, x: Tensor, [rows, columns]: readonly [number, number], value: number): Tensor =>
  tf.pad(x as never, [[0, 0], [rows, rows], [columns, columns], [0, 0]], value); // prettier-ignore

const maximum = (tf: Tf, x: Tensor, attrs: Record<string, Attribute>): Tensor =>
  customOperation(tf, [x], {
    forward: (inputs) => execute(tf, 'MaxPool', attrs, inputs),
    backward: ([dy], [x], [y]) => [
      () => execute(tf, 'MaxPoolGrad', attrs, [x, y, dy] as Tensor[])[0] as Tensor,
    ],
  })[0] as Tensor;

/**
 * Maximum over windows with symmetric padding: [B, H, W, C] → [B, H', W', C]. TensorFlow pads 'SAME' as this
 * does where the stride is 1.
 */
export const maxPool = (tf: Tf, x: Tensor, { kernel, strides, padding }: PoolingWindow): Tensor => {
  const padded = padding.some((p) => p > 0);
  const same = strides.every((s, i) => s === 1 && 2 * (padding[i] as number) === (kernel[i] as number) - 1);
  const framed = padded && !same ? padImage(tf, x, padding, LOWEST) : x;
  return maximum(tf, framed, attributes(kernel, strides, same ? 'SAME' : 'VALID'));
};

/** Maximum over size × size windows, padded as TensorFlow's `SAME`. */
export const maxPoolSame = (tf: Tf, x: Tensor, size: number, stride: number): Tensor =>
  maximum(tf, x, attributes([size, size], [stride, stride], 'SAME'));

const averagePool = (tf: Tf, x: Tensor, size: number, stride: number, padding: 'SAME' | 'VALID'): Tensor => {
  const attrs = attributes([size, size], [stride, stride], padding);
  return customOperation(tf, [x], {
    forward: (inputs) => execute(tf, 'AvgPool', attrs, inputs),
    backward: ([dy], [x]) => [
      () =>
        execute(tf, 'AvgPoolGrad', attrs, [
          tf.tensor1d((x as Tensor).shape, 'int32'),
          dy as Tensor,
        ])[0] as Tensor,
    ],
  })[0] as Tensor;
};

/** Average over size × size windows without padding. */
export const averagePoolValid = (tf: Tf, x: Tensor, size: number, stride: number): Tensor =>
  averagePool(tf, x, size, stride, 'VALID');

/** Average over size × size windows, padded as TensorFlow's `SAME`, which is not counted. */
export const averagePoolSame = (tf: Tf, x: Tensor, size: number, stride: number): Tensor =>
  averagePool(tf, x, size, stride, 'SAME');

/** Every second row and column, from the first, as averages of one: [B, H, W, C] → [B, ⌈H/2⌉, ⌈W/2⌉, C]. */
export const subsample = (tf: Tf, x: Tensor): Tensor => averagePoolValid(tf, x, 1, 2);

/** Pixels of a padded 3×3 window that lie in the image, for each output position of one dimension. */
const insideLengths = (length: number, stride: number): number[] =>
  Array.from({ length: convolvedLength(length, 3, stride, 1) }, (_, i) => {
    const start = i * stride - 1;
    return Math.min(start + 3, length) - Math.max(start, 0);
  });

/** 3×3 average with padding 1 that is not counted: [B, H, W, C] → [B, ⌈H/s⌉, ⌈W/s⌉, C]. */
export const averagePool3x3 = (tf: Tf, x: Tensor, stride: 1 | 2): Tensor => {
  if (stride === 1) return averagePool(tf, x, 3, 1, 'SAME');
  const [, h, w] = x.shape as [number, number, number, number];
  const rows = insideLengths(h, stride);
  const columns = insideLengths(w, stride);
  const factor = tf.tensor4d(
    rows.flatMap((r) => columns.map((c) => 9 / (r * c))),
    [1, rows.length, columns.length, 1],
  );
  return tf.mul(averagePool(tf, padImage(tf, x, [1, 1], 0), 3, stride, 'VALID'), factor);
};
