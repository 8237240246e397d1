import type { ImageNetworkSize } from '../../task/images/recipe.ts';

/** `network.channels` at which genotypes that state their own widths are built as they are. */
export const UNSCALED_CHANNELS = 16;

/** A genotype's number of filters or units at a network's size: in proportion to `channels`, at least 1. */
export const scaledWidth = (width: number, { channels }: ImageNetworkSize): number =>
  Math.max(1, Math.round((width * channels) / UNSCALED_CHANNELS));
