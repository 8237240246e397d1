import { customOperation } from '../graph/custom-operation.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../graph/tensor.ts';

interface ConvolutionGeometry {
  readonly strides: readonly [number, number];
  /**
   * Symmetric zero padding, as PyTorch pads, or TensorFlow's `SAME`: ⌈length / stride⌉ results, the odd zero
   * behind.
   */
  readonly padding: readonly [number, number] | 'same';
}

/** Output length of one dimension. */
export const convolvedLength = (
  length: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation = 1,
): number => Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

/**
 * TensorFlow pads 'SAME' at the end only when stride > 1; where it agrees with PyTorch it has faster kernels.
 */
const isSame = ({ strides, padding }: ConvolutionGeometry, kernel: readonly [number, number]): boolean =>
  strides.every(
    (s, i) => s === 1 && (padding === 'same' || 2 * (padding[i] as number) === (kernel[i] as number) - 1),
  );

/** Zeros before and behind `length` pixels of one dimension, as far as the windows reach. */
const zerosAround = (
  length: number,
  kernel: number,
  stride: number,
  padding: number | 'same',
): readonly [before: number, behind: number] => {
  const outputs =
    padding === 'same' ? Math.ceil(length / stride) : convolvedLength(length, kernel, stride, padding);
  const missing = Math.max(0, (outputs - 1) * stride + kernel - length);
  const before = padding === 'same' ? Math.floor(missing / 2) : padding;
  return [before, Math.max(0, missing - before)];
};

const attributes = (
  geometry: ConvolutionGeometry,
  kernel: readonly [number, number],
): Record<string, Attribute> => {
  const { strides, padding } = geometry;
  const padded = ((): Record<string, Attribute> => {
    if (padding === 'same' || isSame(geometry, kernel)) return { padding: { string: 'SAME' } };
    const [rows, columns] = padding;
    if (rows === 0 && columns === 0) return { padding: { string: 'VALID' } };
    return {
      padding: { string: 'EXPLICIT' },
      explicit_paddings: { int: [0, 0, rows, rows, columns, columns, 0, 0] },
    };
  })();
  return {
    T: { type: 'float32' },
    strides: { int: [1, ...strides, 1] },
    ...padded,
    data_format: { string: 'NHWC' },
    dilations: { int: [1, 1, 1, 1] },
  };
};

/** Of the filter, given x, the gradient of the output, and the operation's attributes. */
type FilterGradient = (
  tf: Tf,
  attrs: Record<string, Attribute>,
  x: Tensor,
  filter: Tensor,
  dy: Tensor,
  geometry: ConvolutionGeometry,
) => Tensor;

const sizes = (tf: Tf, { shape }: Tensor): Tensor => tf.tensor1d(shape, 'int32');

const convolution =
  (op: string, filterGradient: FilterGradient) =>
  (tf: Tf, x: Tensor, filter: Tensor, geometry: ConvolutionGeometry): Tensor => {
    const attrs = attributes(geometry, filter.shape.slice(0, 2) as [number, number]);
    return customOperation(tf, [x, filter], {
      forward: (inputs) => execute(tf, op, attrs, inputs),
      backward: ([dy], [x, filter]) => [
        () => {
          const inputs = [sizes(tf, x as Tensor), filter, dy] as Tensor[];
          return execute(tf, `${op}BackpropInput`, attrs, inputs)[0] as Tensor;
        },
        () => filterGradient(tf, attrs, x as Tensor, filter as Tensor, dy as Tensor, geometry),
      ],
    })[0] as Tensor;
  };

const native =
  (op: string): FilterGradient =>
  (tf, attrs, x, filter, dy) =>
    execute(tf, op, attrs, [x, sizes(tf, filter), dy])[0] as Tensor;

const isPointwise = ({ shape }: Tensor, { padding }: ConvolutionGeometry): boolean =>
  shape[0] === 1 && shape[1] === 1 && (padding === 'same' || padding.every((zeros) => zeros === 0));

/**
 * Below so many input channels, oneDNN's AVX2 code for the filter's gradient of a pointwise convolution with
 * strides writes behind its scratch memory (docs/kernels.md). The bound is on the shape alone, so that every
 * CPU takes the same way.
 */
const TRUSTED_CHANNELS = 8;

/**
 * Every pixel at which a pointwise convolution with strides looks: [B, H, W, C] → [B, H', W', C], by averages
 * of one.
 */
const pixelsAt = (tf: Tf, x: Tensor, strides: readonly [number, number]): Tensor =>
  strides.every((stride) => stride === 1)
    ? x
    : (execute(
        tf,
        'AvgPool',
        {
          T: { type: 'float32' },
          ksize: { int: [1, 1, 1, 1] },
          strides: { int: [1, ...strides, 1] },
          padding: { string: 'VALID' },
          data_format: { string: 'NHWC' },
        },
        [x],
      )[0] as Tensor);

const TRANSPOSED_PRODUCT: Record<string, Attribute> = {
  T: { type: 'float32' },
  transpose_a: { bool: true },
  transpose_b: { bool: false },
};

/**
 * Of a 1 × 1 convolution: a matrix product, twice as fast on CPUs as the general operation. With strides the
 * general one is a little faster, and taken where it can be trusted.
 */
const convolutionFilterGradient: FilterGradient = (tf, attrs, x, filter, dy, geometry) => {
  const isDense = geometry.strides.every((stride) => stride === 1);
  const isTrusted = (x.shape[3] as number) >= TRUSTED_CHANNELS;
  if (!isPointwise(filter, geometry) || (!isDense && isTrusted))
    return native('Conv2DBackpropFilter')(tf, attrs, x, filter, dy, geometry);
  const rows = (tensor: Tensor): Tensor => tf.reshape(tensor, [-1, tensor.shape[3] as number]);
  return tf.reshape(
    execute(tf, 'MatMul', TRANSPOSED_PRODUCT, [
      rows(pixelsAt(tf, x, geometry.strides)),
      rows(dy),
    ])[0] as Tensor,
    filter.shape,
  );
};

/** x [B, H, W, C], filter [k, l, C, D] → [B, H', W', D]. */
export const conv2d = convolution('Conv2D', convolutionFilterGradient);

/** Widest filter whose gradient oneDNN generates code for; wider ones are ten times as slow. */
const FAST_WIDTH = 3;

/**
 * Zeros around the image as far as the windows reach: what the padding of `geometry` means, for operations
 * without any.
 */
const frame = (
  tf: Tf,
  x: Tensor,
  kernel: readonly number[],
  { strides, padding }: ConvolutionGeometry,
): Tensor => {
  const around = strides.map((stride, i): [number, number] => [
    ...zerosAround(
      x.shape[i + 1] as number,
      kernel[i] as number,
      stride,
      padding === 'same' ? padding : (padding[i] as number),
    ),
  ]);
  return tf.pad(x as never, [[0, 0], ...around, [0, 0]]);
};

/** Of a wide filter: of strips of its columns, each of which sees a shifted part of the image. */
const depthwiseFilterGradient: FilterGradient = (tf, attrs, x, filter, dy, geometry) => {
  const op = 'DepthwiseConv2dNativeBackpropFilter';
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  if (width <= FAST_WIDTH) return native(op)(tf, attrs, x, filter, dy, geometry);
  const framed = frame(tf, x, [height, width], geometry);
  const [batch, rows] = framed.shape as [number, number];
  const valid = { ...attrs, padding: { string: 'VALID' } };
  const strips = Array.from({ length: Math.ceil(width / FAST_WIDTH) }, (_, i) => {
    const first = i * FAST_WIDTH;
    const columns = Math.min(FAST_WIDTH, width - first);
    const reach = ((dy.shape[2] as number) - 1) * geometry.strides[1] + columns;
    const part = tf.slice(framed, [0, 0, first, 0], [batch, rows, reach, channels]);
    const size = tf.tensor1d([height, columns, channels, multiplier], 'int32');
    return execute(tf, op, valid, [part, size, dy])[0] as Tensor;
  });
  return tf.concat(strips, 1);
};

const depthwise = convolution('DepthwiseConv2dNative', depthwiseFilterGradient);

/** x [B, H, W, C], filter [k, l, C, m] → [B, H', W', C·m]. */
export const depthwiseConv2d = (tf: Tf, x: Tensor, filter: Tensor, geometry: ConvolutionGeometry): Tensor => {
  const kernel = filter.shape.slice(0, 2) as [number, number];
  // Gradients by explicit padding are several times as slow on CPUs as those of a framed image.
  return isSame(geometry, kernel)
    ? depthwise(tf, x, filter, geometry)
    : depthwise(tf, frame(tf, x, kernel, geometry), filter, { ...geometry, padding: [0, 0] });
};
