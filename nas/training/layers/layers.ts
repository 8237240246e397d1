import type { JoinOptions } from './fractal-join.ts';

/** Shape of one image's activation, without the batch: rows, columns, channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

export interface ConvolutionOptions {
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Symmetric zero padding. */
  readonly padding: readonly [number, number];
}

/** A rectangle that moves over an image. */
export interface PoolingWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Symmetric; padding never wins a maximum. */
  readonly padding: readonly [number, number];
}

/**
 * The primitives that networks are written in. A network is one function of these; it is interpreted over
 * tensors to compute (`tensor-layers.ts`) and over shapes to declare parameters and count multiply-adds
 * (`shape-layers.ts`), so the three can never disagree. Names are those of the published PyTorch models.
 */
export interface Layers<T> {
  shape(x: T): ImageShape;
  /** Convolution without bias; parameter `name.weight` [k, l, C, D]. */
  conv(x: T, name: string, options: ConvolutionOptions): T;
  /**
   * Convolution with taps `dilation` pixels apart (2 unless given; at stride 2 always 2), without bias,
   * padded to keep the size at stride 1; parameter `name.weight` [k, k, C, D].
   */
  dilatedConv(
    x: T,
    name: string,
    options: {
      readonly filters: number;
      readonly kernel: number;
      readonly stride: 1 | 2;
      readonly dilation?: number;
    },
  ): T;
  /**
   * Depthwise k × k convolution, padded to keep the size at stride 1; parameter `name.weight` [k, k, C, 1].
   */
  depthwise(
    x: T,
    name: string,
    options: { readonly kernel: number; readonly stride: 1 | 2; readonly dilation: 1 | 2 },
  ): T;
  /**
   * Parameters `name.weight`, `name.bias` if affine; buffers `name.running_mean`, `name.running_var`. `scale`
   * [C] multiplies the result at no cost; only without affine parameters.
   */
  batchNorm(x: T, name: string, affine: boolean, scale?: T): T;
  relu(x: T): T;
  /** min(max(x, 0), 6). */
  relu6(x: T): T;
  maxPool(x: T, window: PoolingWindow): T;
  /** 3×3 maximum, padding 1. */
  maxPool3x3(x: T, stride: 1 | 2): T;
  /** 3×3 average, padding 1 not counted. */
  averagePool3x3(x: T, stride: 1 | 2): T;
  /** size × size average, no padding. */
  averagePool(x: T, size: number, stride: number): T;
  /** Without the first row and column. */
  dropFirst(x: T): T;
  /** Zero, of the subsampled shape at stride 2. */
  zero(x: T, stride: 1 | 2): T;
  /** Zero rows, columns and channels behind the last ones, up to the given shape. */
  zeroPad(x: T, shape: ImageShape): T;
  /** `count` channels from number `first` on. */
  channels(x: T, first: number, count: number): T;
  /** All rows, columns and channels as the channels of one pixel. */
  flatten(x: T): T;
  add(xs: readonly T[]): T;
  /** Along channels. */
  concat(xs: readonly T[]): T;
  /** Mean over the image. */
  globalAverage(x: T): T;
  /** Scheduled drop-path of one branch of a cell; the identity outside training. */
  dropPath(x: T): T;
  /**
   * FractalNet's join of columns (see `fractal-join.ts`); with drop-path, in training, of those active in
   * this step.
   */
  fractalJoin(xs: readonly T[], options: JoinOptions): T;
  /**
   * Dropout; the identity outside training. The probability is the recipe's times `share`, 1 unless given.
   */
  dropout(x: T, share?: number): T;
  /** Fully connected layer on a 1 × 1 image; parameters `name.weight` [C, D], `name.bias` [D]. */
  linear(x: T, name: string, units: number): T;
}
