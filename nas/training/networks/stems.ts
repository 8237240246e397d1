import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import type { Layers } from '../layers/layers.ts';
import { InvalidArchitectureError } from '../program.ts';
import type { CellPlan } from './cell-plan.ts';

const conv3x3 = <T>(layers: Layers<T>, x: T, name: string, filters: number, stride: 1 | 2): T =>
  layers.conv(x, name, { filters, kernel: [3, 3], strides: [stride, stride], padding: [1, 1] });

/** CIFAR: one 3×3 convolution to 3C channels, read twice by the first cell. */
const cifarStem = <T>(layers: Layers<T>, x: T, channels: number): readonly [T, T] => {
  const s = layers.batchNorm(conv3x3(layers, x, 'stem.0', 3 * channels, 1), 'stem.1', true);
  return [s, s];
};

/**
 * ImageNet: three 3×3 convolutions of stride 2; the first cell reads the image at 1/4 and at 1/8 of its size.
 */
const imagenetStem = <T>(layers: Layers<T>, x: T, channels: number): readonly [T, T] => {
  let s0 = layers.batchNorm(conv3x3(layers, x, 'stem0.0', channels / 2, 2), 'stem0.1', true);
  s0 = layers.batchNorm(conv3x3(layers, layers.relu(s0), 'stem0.3', channels, 2), 'stem0.4', true);
  const s1 = layers.batchNorm(conv3x3(layers, layers.relu(s0), 'stem1.1', channels, 2), 'stem1.2', true);
  return [s0, s1];
};

/** The two inputs of the first cell. */
export const stem = <T>(layers: Layers<T>, x: T, size: ImageNetworkSize): readonly [T, T] =>
  size.stem === 'cifar' ? cifarStem(layers, x, size.channels) : imagenetStem(layers, x, size.channels);

/** Filters of the convolution before the reduction cells of a NASNet’s stem. */
const STEM_FILTERS = 32;

/** The two reduction cells of a NASNet’s ImageNet stem, of a quarter and of half of its channels. */
export const stemCells = (channels: number): readonly [CellPlan, CellPlan] => [
  { name: 'stem.2', reduction: true, previousReduced: false, channels: Math.floor(channels / 4) },
  { name: 'stem.3', reduction: true, previousReduced: true, channels: Math.floor(channels / 2) },
];

/**
 * The two inputs of a NASNet’s first cell (Zoph et al. 2018, appendix A). ImageNet: a 3×3 convolution of
 * stride 2, then two reduction cells; the first cell reads the image at 1/4 and at 1/8 of its size, as after
 * the other stem.
 *
 * @throws InvalidArchitectureError for fewer than 8 channels, a quarter of which cannot be split in two.
 */
export const nasnetStem = <T>(
  layers: Layers<T>,
  x: T,
  size: ImageNetworkSize,
  reductionCell: (plan: CellPlan, s0: T, s1: T) => T,
): readonly [T, T] => {
  if (size.stem === 'cifar') return cifarStem(layers, x, size.channels);
  if (size.channels < 8)
    throw new InvalidArchitectureError(
      `channels ${size.channels}: allowed with the ImageNet stem: 8 and more, because its first cell has a quarter of them, which it splits in two`,
    );
  const [quarter, half] = stemCells(size.channels);
  const y = layers.batchNorm(conv3x3(layers, x, 'stem.0', STEM_FILTERS, 2), 'stem.1', true);
  const s0 = reductionCell(quarter, y, y);
  return [s0, reductionCell(half, y, s0)];
};
