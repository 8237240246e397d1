import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import type { NetworkSetting } from './network.ts';
import { stem } from './stems.ts';

/**
 * Parts that both of ENAS' spaces are built of, as the authors' code has them (melodyguan/enas 4bcfd73,
 * `src/cifar10`): weights by He et al.'s rule (`common_ops.py:27–30`), running statistics of batch norm that
 * forget what they began with (`image_ops.py:115–124`), and TensorFlow's padding at stride 2.
 */

/**
 * Batch norm with affine parameters; `name.weight`, `name.bias`. `epsilon` and plain running statistics as in
 * the authors' `batch_norm_with_mask` where one is given.
 */
export const batchNorm = <T>(layers: Layers<T>, x: T, name: string, epsilon?: number): T =>
  layers.batchNorm(x, name, true, epsilon === undefined ? { debiased: true } : { epsilon });

/** k × k convolution; `name.weight`. `fanIn` where the authors' table of weights has another. */
export const conv = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  kernel: number,
  fanIn = kernel * kernel * layers.shape(x)[2],
): T => {
  const half = (kernel - 1) / 2;
  return layers.conv(x, name, {
    filters,
    kernel: [kernel, kernel],
    strides: [1, 1],
    padding: [half, half],
    initial: { kind: 'he', fanIn },
  });
};

/** ReLU, k × k convolution, batch norm; `name.conv`, `name.bn`. */
export const reluConv = <T>(layers: Layers<T>, x: T, name: string, filters: number, kernel: number): T =>
  batchNorm(layers, conv(layers, layers.relu(x), `${name}.conv`, filters, kernel), `${name}.bn`);

/** Depthwise k × k and pointwise convolution; `name.depthwise`, `name.pointwise`. */
export const separableConv = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  kernel: number,
  stride: 1 | 2 = 1,
  fanIn?: number,
): T => {
  const h = layers.depthwise(x, `${name}.depthwise`, {
    kernel,
    stride,
    dilation: 1,
    padding: 'same',
    initial: { kind: 'he', fanIn: fanIn ?? kernel * kernel * layers.shape(x)[2] },
  });
  return conv(layers, h, `${name}.pointwise`, filters, 1, fanIn);
};

/**
 * Twice ReLU, separable convolution and batch norm (Pham et al. 2018, §B); the stride is in the first.
 * `fanIn` where the authors' table of weights has another.
 */
export const doubleSeparable = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  kernel: number,
  stride: 1 | 2,
  fanIn?: number,
): T => {
  const filters = layers.shape(x)[2];
  const once = (input: T, part: string, by: 1 | 2): T =>
    batchNorm(
      layers,
      separableConv(layers, layers.relu(input), part, filters, kernel, by, fanIn),
      `${part}.bn`,
    );
  return once(once(x, `${name}.0`, stride), `${name}.1`, 1);
};

/**
 * Halves the image by two 1×1 convolutions of stride 2, one of them offset by a pixel, and batch norm, with
 * no ReLU before them (`general_child.py:129–177`); `name.conv_1`, `name.conv_2`, `name.bn`.
 */
export const factorizedReduction = <T>(layers: Layers<T>, x: T, name: string, filters: number): T => {
  const options = {
    filters: filters / 2,
    kernel: [1, 1],
    strides: [2, 2],
    padding: [0, 0],
    initial: { kind: 'he', fanIn: layers.shape(x)[2] },
  } as const;
  const even = layers.conv(x, `${name}.conv_1`, options);
  const odd = layers.conv(layers.dropFirst(x), `${name}.conv_2`, options);
  return batchNorm(layers, layers.concat([even, odd]), `${name}.bn`);
};

/**
 * The first state: a 3×3 convolution and batch norm, `name.0` and `name.1`; for ImageNet, which the authors
 * do not search, DARTS' three convolutions of stride 2.
 */
export const enasStem = <T>(
  layers: Layers<T>,
  x: T,
  { size }: Pick<NetworkSetting, 'size'>,
  filters: number,
): readonly [T, T] => {
  if (size.stem === 'imagenet') return stem(layers, x, size);
  const y = batchNorm(layers, conv(layers, x, 'stem.0', filters, 3), 'stem.1');
  return [y, y];
};

/** Logits from features [1, 1, C]; like the published networks without a bias, so it is a 1×1 convolution. */
export const classify = <T>(layers: Layers<T>, features: T, classes: number): T =>
  conv(layers, layers.dropout(features), 'classifier', classes, 1);

/** Reductions split the channels in two. */
export const checkEvenChannels = (channels: number): void => {
  if (channels % 2 !== 0)
    throw new InvalidArchitectureError(
      `channels ${channels}: allowed: even numbers, because reductions split them in two`,
    );
};
