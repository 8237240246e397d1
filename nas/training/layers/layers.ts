import type { JoinOptions } from './fractal-join.ts';

/** Shape of one image's activation, without the batch: rows, columns, channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * How a parameter starts: with one value; uniform in ±1/√fanIn, PyTorch's default for these layers;
 * uniform in ±bound; or normal with variance 2/fanIn and nothing beyond two standard deviations (He et al.
 * 2015, as Keras' `he_normal` draws).
 */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'within'; readonly bound: number }
  | { readonly kind: 'uniform'; readonly fanIn: number }
  | { readonly kind: 'he'; readonly fanIn: number };

export interface ConvolutionOptions {
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Symmetric zero padding. */
  readonly padding: readonly [number, number];
  /** Uniform unless given. */
  readonly initial?: Initial;
}

/**
 * Where the padding of a window of stride 2 lies: alike on both sides, as in PyTorch, or only as much as is
 * needed and the odd row and column behind, as TensorFlow's `SAME` has it. At stride 1 they agree.
 */
export type Padding = 'symmetric' | 'same';

export interface BatchNormOptions<T> {
  /** [C]: multiplies the result at no cost; only without affine parameters. */
  readonly scale?: T | undefined;
  /** Added to every variance; 1e-5 unless given. */
  readonly epsilon?: number;
  /**
   * Running statistics that forget what they began with, as TensorFlow's `assign_moving_average` keeps them:
   * weighted means of all minibatches so far, the first of which is taken as it is. They count their updates
   * in the buffer `name.running_steps` [1].
   */
  readonly debiased?: boolean;
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
    options: {
      readonly kernel: number;
      readonly stride: 1 | 2;
      readonly dilation: 1 | 2;
      /** Symmetric unless given; without dilation. */
      readonly padding?: Padding;
      /** Uniform unless given. */
      readonly initial?: Initial;
    },
  ): T;
  /**
   * Parameters `name.weight`, `name.bias` if affine; buffers `name.running_mean`, `name.running_var`.
   */
  batchNorm(x: T, name: string, affine: boolean, options?: BatchNormOptions<T>): T;
  relu(x: T): T;
  /** min(max(x, 0), 6). */
  relu6(x: T): T;
  maxPool(x: T, window: PoolingWindow): T;
  /** 3×3 maximum; padding is symmetric unless given. */
  maxPool3x3(x: T, stride: 1 | 2, padding?: Padding): T;
  /** 3×3 average, padding not counted; it is symmetric unless given. */
  averagePool3x3(x: T, stride: 1 | 2, padding?: Padding): T;
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
  /**
   * Scheduled drop-path of one branch of a cell; the identity outside training. The probability is the step's
   * times `share`, 1 unless given.
   */
  dropPath(x: T, share?: number): T;
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
