import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';

/**
 * Parts that both of ENAS' spaces are built of. All convolutions are ReLU, convolution, batch norm (Pham et
 * al. 2018, §B).
 */

/** ReLU, k × k convolution, batch norm; `name.conv`, `name.bn`. */
export const reluConv = <T>(layers: Layers<T>, x: T, name: string, filters: number, kernel: number): T => {
  const half = (kernel - 1) / 2;
  const y = layers.conv(layers.relu(x), `${name}.conv`, {
    filters,
    kernel: [kernel, kernel],
    strides: [1, 1],
    padding: [half, half],
  });
  return layers.batchNorm(y, `${name}.bn`, true);
};

/**
 * ReLU, depthwise k × k and pointwise convolution, batch norm; `name.depthwise`, `name.pointwise`, `name.bn`.
 */
export const reluSeparable = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  kernel: number,
  stride: 1 | 2 = 1,
): T => {
  const h = layers.depthwise(layers.relu(x), `${name}.depthwise`, { kernel, stride, dilation: 1 });
  const y = layers.conv(h, `${name}.pointwise`, {
    filters,
    kernel: [1, 1],
    strides: [1, 1],
    padding: [0, 0],
  });
  return layers.batchNorm(y, `${name}.bn`, true);
};

/**
 * Logits from the last activation; like the published networks without a bias, so it is a 1×1 convolution.
 */
export const classify = <T>(layers: Layers<T>, x: T, classes: number): T =>
  layers.conv(layers.dropout(layers.globalAverage(layers.relu(x))), 'classifier', {
    filters: classes,
    kernel: [1, 1],
    strides: [1, 1],
    padding: [0, 0],
  });

/** Reductions split the channels in two. */
export const checkEvenChannels = (channels: number): void => {
  if (channels % 2 !== 0)
    throw new InvalidArchitectureError(
      `channels ${channels}: allowed: even numbers, because reductions split them in two`,
    );
};
