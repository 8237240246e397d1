import { conv2d, depthwiseConv2d } from './convolution.ts';
import { subsample } from './pooling.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';

const DILATION = 2;

/** Zeros behind the image that make its sides multiples of the dilation. */
const phaseCrops = (x: Tensor, dilation: number): number[][] =>
  x.shape.slice(1, 3).map((length) => [0, (dilation - (length % dilation)) % dilation]);

/**
 * What a convolution with dilation d and padding d (k − 1) / 2 reads of x [B, H, W, C]. All taps of an output
 * have its position modulo d, so the image splits into d² interleaved ones, [d² B, ⌈H/d⌉, ⌈W/d⌉, C], or at
 * stride 2, where d is 2, only the first is needed.
 */
export const dilatedPhases = (tf: Tf, x: Tensor, stride: 1 | 2, dilation = DILATION): Tensor =>
  stride === 2 ? subsample(tf, x) : tf.spaceToBatchND(x, [dilation, dilation], phaseCrops(x, dilation));

/**
 * The convolution's gradient with dilation is unknown to TensorFlow on CPUs: an ordinary one of
 * `dilatedPhases(x)`.
 */
const dilated =
  (convolve: typeof conv2d) =>
  (tf: Tf, x: Tensor, phases: Tensor, filter: Tensor, stride: 1 | 2, dilation = DILATION): Tensor => {
    const half = ((filter.shape[0] as number) - 1) / 2;
    const y = convolve(tf, phases, filter, { strides: [1, 1], padding: [half, half] });
    return stride === 2 ? y : tf.batchToSpaceND(y, [dilation, dilation], phaseCrops(x, dilation));
  };

/** Convolution of x, with the given phases, that keeps its size at stride 1. */
export const dilatedConv2d = dilated(conv2d);

/**
 * Depthwise convolution of x, with the given phases, that keeps its size at stride 1 (DARTS' dil_conv has
 * dilation 2).
 */
export const dilatedDepthwiseConv2d = dilated(depthwiseConv2d);
