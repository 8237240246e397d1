import { conv2d, depthwiseConv2d } from '../../nas/training/layers/convolution.ts';
import {
  dilatedConv2d,
  dilatedDepthwiseConv2d,
  dilatedPhases,
} from '../../nas/training/layers/dilated-convolution.ts';
import { averagePool3x3, averagePoolValid, maxPool, subsample } from '../../nas/training/layers/pooling.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../../nas/training/graph/tensor.ts';
import { customOperation } from '../../nas/training/graph/custom-operation.ts';
import type { KernelCase } from './case.ts';
import {
  averageTerms,
  bilinear,
  bilinearGradients,
  convolutionTerms,
  depthwiseTerms,
  maximum,
  windowsOut,
  zeros,
  type Plain,
  type Terms,
  type Windows,
} from './plain.ts';
import { cycle, type Extent } from './extent.ts';

/** Sums of float32 products, in whatever order. */
const PRODUCT_TOLERANCE = 1e-5;

const KERNELS = [
  [1, 1],
  [3, 3],
  [5, 5],
  [7, 7],
  [1, 3],
  [3, 1],
  [1, 7],
  [7, 1],
  [2, 2],
] as const;

type Convolve = (tf: Tf, x: Tensor, filter: Tensor, windows: Windows) => Tensor;

const describe = ({ image, kernel, strides, padding, dilation }: Windows): string =>
  `${image.join('×')}, kernel ${kernel.join('×')}, stride ${strides.join('×')}, padding ${padding.join('×')}` +
  (dilation === 1 ? '' : `, dilation ${dilation}`);

const ofTerms = (
  operation: string,
  windows: Windows,
  filter: readonly number[],
  output: number,
  terms: Terms,
  convolve: Convolve,
): KernelCase => {
  const out = [windows.image[0], ...windowsOut(windows), output];
  return {
    operation,
    shape: `${describe(windows)}, filter ${filter.join('×')}`,
    inputs: [windows.image, filter],
    product: (tf, [x, w]) => convolve(tf, x as Tensor, w as Tensor, windows),
    plain: ([x, w]) => bilinear(out, terms, x as Plain, w as Plain),
    gradients: ([x, w], dy) => bilinearGradients(terms, x as Plain, w as Plain, dy),
    tolerance: PRODUCT_TOLERANCE,
  };
};

const convolution = (windows: Windows, outputs: number, operation: string, convolve: Convolve): KernelCase =>
  ofTerms(
    operation,
    windows,
    [...windows.kernel, windows.image[3], outputs],
    outputs,
    convolutionTerms(windows, outputs),
    convolve,
  );
const depthwise = (windows: Windows, multiplier: number, operation: string, convolve: Convolve): KernelCase =>
  ofTerms(
    operation,
    windows,
    [...windows.kernel, windows.image[3], multiplier],
    windows.image[3] * multiplier,
    depthwiseTerms(windows, multiplier),
    convolve,
  );

/** TensorFlow's own operation and gradients, without the ways around them that the product takes. */
const native =
  (op: string): Convolve =>
  (tf, x, filter, { strides, padding }) => {
    const none = padding.every((p) => p === 0);
    const attrs: Record<string, Attribute> = {
      T: { type: 'float32' },
      strides: { int: [1, ...strides, 1] },
      padding: { string: none ? 'VALID' : 'EXPLICIT' },
      ...(!none && {
        explicit_paddings: { int: [0, 0, padding[0], padding[0], padding[1], padding[1], 0, 0] },
      }),
      data_format: { string: 'NHWC' },
      dilations: { int: [1, 1, 1, 1] },
    };
    const sizes = (tensor: Tensor): Tensor => tf.tensor1d(tensor.shape, 'int32');
    return customOperation(tf, [x, filter], {
      forward: (inputs) => execute(tf, op, attrs, inputs),
      backward: ([dy], [a, b]) => [
        () => execute(tf, `${op}BackpropInput`, attrs, [sizes(a as Tensor), b, dy] as Tensor[])[0] as Tensor,
        () => execute(tf, `${op}BackpropFilter`, attrs, [a, sizes(b as Tensor), dy] as Tensor[])[0] as Tensor,
      ],
    })[0] as Tensor;
  };

/**
 * Windows over images with every number of channels, with an even side and an odd one; batches and sides take
 * turns.
 */
function* windowsOver(
  { channels, sides }: Extent,
  kernels: readonly (readonly [number, number])[],
  strides: readonly number[],
  paddings: (kernel: readonly [number, number]) => readonly (readonly [number, number])[],
  dilation = 1,
): Generator<Windows> {
  const batches = cycle([2, 1, 3, 5, 4]);
  for (const kernel of kernels)
    for (const stride of strides)
      for (const padding of paddings(kernel))
        for (const c of channels)
          for (const side of sides) {
            // Rectangles where the kernel is one, so that rows and columns cannot be taken for each other.
            const image = [batches(), side, side + (kernel[0] === kernel[1] ? 0 : 1), c] as const;
            const windows = { image, kernel, strides: [stride, stride] as const, padding, dilation };
            if (windowsOut(windows).every((n) => n > 0)) yield windows;
          }
}

const half = ([k, l]: readonly [number, number]): readonly [number, number] => [(k - 1) >> 1, (l - 1) >> 1];
const halfOrNone = (kernel: readonly [number, number]): readonly (readonly [number, number])[] =>
  half(kernel).every((p) => p === 0) ? [[0, 0]] : [half(kernel), [0, 0]];
const square = (...sizes: number[]): readonly (readonly [number, number])[] =>
  sizes.map((k) => [k, k] as const);

const productConv: Convolve = (tf, x, w, { strides, padding }) => conv2d(tf, x, w, { strides, padding });
const productDepthwise: Convolve = (tf, x, w, { strides, padding }) =>
  depthwiseConv2d(tf, x, w, { strides, padding });

function* convolutions(extent: Extent, name: string, convolve: Convolve): Generator<KernelCase> {
  const outputs = cycle(extent.outputs);
  for (const windows of windowsOver(extent, KERNELS, extent.strides, halfOrNone))
    for (let i = 0; i < extent.outputsEach; i++) yield convolution(windows, outputs(), name, convolve);
  // The two halves of a rectangular convolution with a stride.
  for (const c of extent.channels)
    for (const side of extent.sides)
      for (const k of [3, 7])
        for (const along of [0, 1]) {
          const place = (value: number, other: number): readonly [number, number] =>
            along === 0 ? [value, other] : [other, value];
          const windows: Windows = {
            image: [2, side, side + 1, c],
            kernel: place(k, 1),
            strides: place(2, 1),
            padding: place((k - 1) / 2, 0),
            dilation: 1,
          };
          yield convolution(windows, outputs(), name, convolve);
        }
}

function* depthwiseConvolutions(extent: Extent, name: string, convolve: Convolve): Generator<KernelCase> {
  for (const multiplier of [1, 2])
    for (const windows of windowsOver(extent, square(3, 5, 7), [1, 2], halfOrNone))
      yield depthwise(windows, multiplier, name, convolve);
}

function* dilatedConvolutions(extent: Extent): Generator<KernelCase> {
  const outputs = cycle(extent.outputs);
  const same =
    (dilation: number) =>
    ([k]: readonly [number, number]): readonly (readonly [number, number])[] => [
      [(dilation * (k - 1)) / 2, (dilation * (k - 1)) / 2],
    ];
  for (const dilation of [2, 3])
    for (const windows of windowsOver(
      extent,
      square(3, 5),
      dilation === 2 ? [1, 2] : [1],
      same(dilation),
      dilation,
    )) {
      const stride = windows.strides[0] as 1 | 2;
      yield convolution(windows, outputs(), 'dilatedConv2d', (tf, x, w) =>
        dilatedConv2d(tf, x, dilatedPhases(tf, x, stride, dilation), w, stride, dilation),
      );
      if (dilation === 2)
        yield depthwise(windows, 1, 'dilatedDepthwiseConv2d', (tf, x, w) =>
          dilatedDepthwiseConv2d(tf, x, dilatedPhases(tf, x, stride), w, stride),
        );
    }
}

const averageCase = (
  operation: string,
  windows: Windows,
  product: (tf: Tf, x: Tensor) => Tensor,
): KernelCase => {
  const { terms, weights } = averageTerms(windows);
  const out = [windows.image[0], ...windowsOut(windows), windows.image[3]];
  return {
    operation,
    shape: describe(windows),
    inputs: [windows.image],
    product: (tf, [x]) => product(tf, x as Tensor),
    plain: ([x]) => bilinear(out, terms, x as Plain, weights),
    gradients: ([x], dy) => [bilinearGradients(terms, x as Plain, weights, dy)[0]],
    tolerance: PRODUCT_TOLERANCE,
  };
};

function* poolings(extent: Extent): Generator<KernelCase> {
  for (const windows of windowsOver(extent, [...square(2, 3, 5, 7), [1, 3]], extent.strides, halfOrNone))
    yield {
      operation: 'maxPool',
      shape: describe(windows),
      inputs: [windows.image],
      product: (tf, [x]) => maxPool(tf, x as Tensor, windows),
      plain: ([x]) => maximum(windows, x as Plain).y,
      gradients: ([x], dy) => {
        const { from } = maximum(windows, x as Plain);
        const dx = zeros(windows.image);
        from.forEach((i, o) => {
          dx.data[i] = (dx.data[i] as number) + (dy.data[o] as number);
        });
        return [dx];
      },
      tolerance: PRODUCT_TOLERANCE,
    };
  for (const windows of windowsOver(extent, square(3), [1, 2], () => [[1, 1]]))
    yield averageCase('averagePool3x3', windows, (tf, x) =>
      averagePool3x3(tf, x, windows.strides[0] as 1 | 2),
    );
  for (const windows of windowsOver(extent, square(1, 2, 3, 5), extent.strides, () => [[0, 0]]))
    yield averageCase('averagePoolValid', windows, (tf, x) =>
      averagePoolValid(tf, x, windows.kernel[0], windows.strides[0]),
    );
  for (const windows of windowsOver(extent, square(1), [2], () => [[0, 0]]))
    yield averageCase('subsample', windows, subsample);
}

/** Everything that moves a window over an image. */
export function* windowedCases(extent: Extent): Generator<KernelCase> {
  yield* convolutions(extent, 'conv2d', productConv);
  yield* depthwiseConvolutions(extent, 'depthwiseConv2d', productDepthwise);
  yield* dilatedConvolutions(extent);
  yield* poolings(extent);
}

/** The native convolutions as TensorFlow has them, to find out what the product has to go around. */
export function* nativeCases(extent: Extent): Generator<KernelCase> {
  yield* convolutions(extent, 'Conv2D', native('Conv2D'));
  yield* depthwiseConvolutions(extent, 'DepthwiseConv2dNative', native('DepthwiseConv2dNative'));
}
