import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import type { EasGenotype } from '../../space/eas.ts';
import { convBlock, halve } from './conv-block.ts';
import type { BuildNetwork } from './network.ts';
import { scaledWidth } from './width.ts';

/** A layer with weights: a convolution, or a fully connected layer as one on a single pixel. */
export interface EasLayer {
  /** Of its variables: `name.conv.weight`, `name.bn.weight`, … */
  readonly name: string;
  /** The block it is of; fully connected layers come after the last. */
  readonly block: number;
  readonly filters: number;
  readonly kernel: number;
}

/** The layers with weights from the input on, the classifier left out. */
export const easLayers = ({ blocks, dense }: EasGenotype, size: ImageNetworkSize): readonly EasLayer[] => [
  ...blocks.flatMap((convolutions, block) =>
    convolutions.map(([filters, kernel], i) => ({
      name: `blocks.${block}.${i}`,
      block,
      filters: scaledWidth(filters, size),
      kernel,
    })),
  ),
  ...dense.map((units, i) => ({
    name: `dense.${i}`,
    block: blocks.length,
    filters: scaledWidth(units, size),
    kernel: 1,
  })),
];

/**
 * The plain networks of Cai et al. 2018, §4.2 and Table 1: 2 × 2 maxima between blocks, the global average
 * after the last, fully connected layers; batch norm and ReLU after every layer. Widths are scaled by
 * `channels` / 16, and `layers` of the network's size is not used. The recipe's dropout is applied before the
 * classifier alone.
 */
export const easNetwork =
  (genotype: EasGenotype): BuildNetwork =>
  ({ size, classes }) =>
  (layers, x) => {
    let map = x;
    let block = 0;
    for (const layer of easLayers(genotype, size)) {
      if (layer.block > block)
        map = layer.block === genotype.blocks.length ? layers.globalAverage(map) : halve(layers, map);
      block = layer.block;
      map = convBlock(layers, map, layer.name, {
        filters: layer.filters,
        kernel: [layer.kernel, layer.kernel],
      });
    }
    return { logits: layers.linear(layers.dropout(map), 'classifier', classes) };
  };
