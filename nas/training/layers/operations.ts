import type { CellOperation } from '../../space/cell-genotype.ts';
import type { NasnetOperation } from '../../space/nasnet.ts';
import type { Layers } from './layers.ts';

/**
 * One operation of a DARTS-space cell on C channels. In the supernet batch norm inside operations has no
 * affine parameters; final networks have them (Liu et al. 2019, §3 and appendix A).
 */
export type Operation = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  stride: 1 | 2,
  affine: boolean,
  /** [C]: multiplies the last batch norm's result, where there is one. */
  scale?: T,
) => T;

const pointwise = <T>(layers: Layers<T>, x: T, name: string, filters: number): T =>
  layers.conv(x, name, { filters, kernel: [1, 1], strides: [1, 1], padding: [0, 0] });

const channels = <T>(layers: Layers<T>, x: T): number => layers.shape(x)[2];

/** ReLU, 1×1 convolution, batch norm: how a cell adapts its inputs. */
export const reluConvBatchNorm = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  affine: boolean,
): T => layers.batchNorm(pointwise(layers, layers.relu(x), `${name}.op.1`, filters), `${name}.op.2`, affine);

/**
 * Halves the image by two 1×1 convolutions of stride 2, one of them offset by a pixel, of half the `filters`
 * each, which are at least 2.
 */
export const factorizedReduce = <T>(
  layers: Layers<T>,
  x: T,
  name: string,
  filters: number,
  affine: boolean,
  scale?: T,
): T => {
  const options = { kernel: [1, 1], strides: [2, 2], padding: [0, 0] } as const;
  const half = Math.floor(filters / 2);
  const h = layers.relu(x);
  const even = layers.conv(h, `${name}.conv_1`, { ...options, filters: half });
  const odd = layers.conv(layers.dropFirst(h), `${name}.conv_2`, { ...options, filters: filters - half });
  return layers.batchNorm(layers.concat([even, odd]), `${name}.bn`, affine, { scale });
};

/** Twice: ReLU, depthwise k × k, pointwise, batch norm; the stride is in the first. */
const separable =
  (kernel: number): Operation =>
  (layers, x, name, stride, affine, scale) => {
    const c = channels(layers, x);
    let h = layers.depthwise(layers.relu(x), `${name}.op.1`, { kernel, stride, dilation: 1 });
    h = layers.batchNorm(pointwise(layers, h, `${name}.op.2`, c), `${name}.op.3`, affine);
    h = layers.depthwise(layers.relu(h), `${name}.op.5`, { kernel, stride: 1, dilation: 1 });
    return layers.batchNorm(pointwise(layers, h, `${name}.op.6`, c), `${name}.op.7`, affine, { scale });
  };

/** ReLU, depthwise k × k with dilation 2, pointwise, batch norm. */
const dilated =
  (kernel: number): Operation =>
  (layers, x, name, stride, affine, scale) => {
    const h = layers.depthwise(layers.relu(x), `${name}.op.1`, { kernel, stride, dilation: 2 });
    return layers.batchNorm(
      pointwise(layers, h, `${name}.op.2`, channels(layers, x)),
      `${name}.op.3`,
      affine,
      { scale },
    );
  };

/** ReLU, 1 × k convolution, k × 1 convolution, batch norm. */
const rectangular =
  (k: number): Operation =>
  (layers, x, name, stride, affine, scale) => {
    const filters = channels(layers, x);
    const half = (k - 1) / 2;
    let h = layers.conv(layers.relu(x), `${name}.1`, {
      filters,
      kernel: [1, k],
      strides: [1, stride],
      padding: [0, half],
    });
    h = layers.conv(h, `${name}.2`, { filters, kernel: [k, 1], strides: [stride, 1], padding: [half, 0] });
    return layers.batchNorm(h, `${name}.3`, affine, { scale });
  };

/** Operations by their published names: those of DARTS' space and those of the NASNet cells it retrains. */
export const OPERATIONS: Readonly<Record<CellOperation, Operation>> = {
  none: (layers, x, _name, stride) => layers.zero(x, stride),
  max_pool_3x3: (layers, x, _name, stride) => layers.maxPool3x3(x, stride),
  avg_pool_3x3: (layers, x, _name, stride) => layers.averagePool3x3(x, stride),
  skip_connect: (layers, x, name, stride, affine, scale) =>
    stride === 1 ? x : factorizedReduce(layers, x, name, channels(layers, x), affine, scale),
  sep_conv_3x3: separable(3),
  sep_conv_5x5: separable(5),
  sep_conv_7x7: separable(7),
  dil_conv_3x3: dilated(3),
  dil_conv_5x5: dilated(5),
  conv_7x1_1x7: rectangular(7),
};

/** ReLU, k × k convolution, batch norm. */
const plain =
  (k: number): Operation =>
  (layers, x, name, stride, affine, scale) => {
    const half = (k - 1) / 2;
    const h = layers.conv(layers.relu(x), `${name}.1`, {
      filters: channels(layers, x),
      kernel: [k, k],
      strides: [stride, stride],
      padding: [half, half],
    });
    return layers.batchNorm(h, `${name}.2`, affine, { scale });
  };

/** ReLU, 3 × 3 convolution with dilation 2, batch norm. */
const dilatedPlain: Operation = (layers, x, name, stride, affine, scale) => {
  const filters = channels(layers, x);
  const h = layers.dilatedConv(layers.relu(x), `${name}.1`, { filters, kernel: 3, stride });
  return layers.batchNorm(h, `${name}.2`, affine, { scale });
};

const maxPool =
  (k: number): Operation =>
  (layers, x, _name, stride) =>
    layers.maxPool(x, {
      kernel: [k, k],
      strides: [stride, stride],
      padding: [(k - 1) / 2, (k - 1) / 2],
    });

/** Operations of the NASNet space by their names there. */
export const NASNET_CELL_OPERATIONS: Readonly<Record<NasnetOperation, Operation>> = {
  identity: OPERATIONS.skip_connect,
  conv_1x3_3x1: rectangular(3),
  conv_1x7_7x1: OPERATIONS.conv_7x1_1x7,
  dil_conv_3x3: dilatedPlain,
  avg_pool_3x3: OPERATIONS.avg_pool_3x3,
  max_pool_3x3: OPERATIONS.max_pool_3x3,
  max_pool_5x5: maxPool(5),
  max_pool_7x7: maxPool(7),
  conv_1x1: plain(1),
  conv_3x3: plain(3),
  sep_conv_3x3: OPERATIONS.sep_conv_3x3,
  sep_conv_5x5: OPERATIONS.sep_conv_5x5,
  sep_conv_7x7: OPERATIONS.sep_conv_7x7,
};
