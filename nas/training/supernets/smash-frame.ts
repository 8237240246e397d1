import { SLOTS, type SmashOptions } from '../../space/smash-genotype.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { describeNetwork } from '../layers/shape-layers.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { smashShapes } from './smash-path.ts';

/** Name of the filter bank of a block's slot. */
export const bankName = (block: number, slot: number): string => `blocks.${block}.op.${slot}`;

/**
 * What SMASH's main network learns freely: stem, filter banks, what is between blocks, and the classifier.
 */
export const smashFrame = (options: SmashOptions, { image, classes, size }: NetworkSetting) => {
  const unit = size.channels;
  const shapes = smashShapes(options, unit);
  const { inputs, memory } = shapes;
  const { maxWidth, maxKernel } = options;
  const width = maxWidth * unit;

  const stem = <T>(layers: Layers<T>, x: T): T =>
    layers.relu(
      layers.conv(x, 'stem', {
        filters: (inputs[0] as number) * unit,
        kernel: [7, 7],
        strides: [1, 1],
        padding: [3, 3],
      }),
    );

  /** What follows a block: batch norm and ReLU, then the transition but for the last. */
  const leave = <T>(layers: Layers<T>, x: T, b: number, masked: (y: T) => T): T => {
    const y = masked(layers.relu(layers.batchNorm(x, `transitions.${b}.bn`, true)));
    const next = inputs[b + 1];
    if (next === undefined) return y;
    const reduced = layers.conv(y, `transitions.${b}.conv`, {
      filters: next * unit,
      kernel: [1, 1],
      strides: [1, 1],
      padding: [0, 0],
    });
    return layers.averagePool(reduced, 2, 2);
  };

  /** Over shapes: the filter banks have no place of their own. */
  const described = describeNetwork(image, (layers: Layers<ImageShape>, given) => {
    let x = stem(layers, given);
    memory.forEach((units, b) => {
      const [h, w] = layers.shape(x);
      for (let slot = 0; slot < SLOTS; slot++)
        layers.conv([h, w, width], bankName(b, slot), {
          filters: width,
          kernel: [maxKernel, maxKernel],
          strides: [1, 1],
          padding: [(maxKernel - 1) / 2, (maxKernel - 1) / 2],
        });
      x = leave(layers, layers.zeroPad(x, [h, w, units * unit]), b, (y) => y);
    });
    layers.linear(layers.globalAverage(x), 'classifier', classes);
  });

  return { unit, shapes, width, stem, leave, described };
};
