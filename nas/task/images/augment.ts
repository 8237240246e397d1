import type { Augmentation } from './recipe.ts';
import type { Random } from '../../core/random.ts';

/** What happens to one image; drawn once, then applied. */
export interface Placement {
  /** Top-left corner of the crop in the image padded on each side, minus the padding: 0, 0 is no shift. */
  readonly top: number;
  readonly left: number;
  readonly flip: boolean;
  /** Half-open square erased after normalisation, clipped to the image; undefined erases nothing. */
  readonly hole?: {
    readonly top: number;
    readonly bottom: number;
    readonly left: number;
    readonly right: number;
  };
}

export const UNCHANGED: Placement = { top: 0, left: 0, flip: false };

/**
 * Draws one image's augmentation, in this fixed order of draws: crop row, crop column, flip, hole row, hole
 * column; a setting that is off draws nothing.
 *
 * Crop and flip as He et al. (2016, §4.2); cutout as DeVries & Taylor (2017): the hole's *centre* is uniform
 * over the image, so holes at the border are smaller.
 */
export const drawPlacement = (
  random: Random,
  augmentation: Augmentation,
  height: number,
  width: number,
): Placement => {
  const { cropPadding: pad, horizontalFlip, cutout } = augmentation;
  const top = pad > 0 ? random.int(2 * pad + 1) - pad : 0;
  const left = pad > 0 ? random.int(2 * pad + 1) - pad : 0;
  const flip = horizontalFlip && random.int(2) === 1;
  if (cutout === 0) return { top, left, flip };
  const row = random.int(height);
  const column = random.int(width);
  const half = Math.floor(cutout / 2);
  return {
    top,
    left,
    flip,
    hole: {
      top: Math.max(0, row - half),
      bottom: Math.min(height, row - half + cutout),
      left: Math.max(0, column - half),
      right: Math.min(width, column - half + cutout),
    },
  };
};

/**
 * Normalised value of every byte value of every channel: `table[256 · c + byte] = (byte / 255 − mean) / std`.
 */
export const normalisationTable = (mean: readonly number[], std: readonly number[]): Float32Array => {
  const table = new Float32Array(256 * mean.length);
  mean.forEach((m, c) => {
    for (let byte = 0; byte < 256; byte++) table[256 * c + byte] = (byte / 255 - m) / (std[c] as number);
  });
  return table;
};

/**
 * Writes one image, augmented and normalised, to `target` from `targetOffset` on. Padding is black (byte 0,
 * before normalisation); a hole is 0 after normalisation, i.e. the mean colour.
 */
export const placeImage = (
  images: Uint8Array,
  sourceOffset: number,
  [height, width, channels]: readonly [number, number, number],
  table: Float32Array,
  placement: Placement,
  target: Float32Array,
  targetOffset: number,
): void => {
  const { top, left, flip, hole } = placement;
  for (let y = 0; y < height; y++) {
    const sourceY = y + top;
    const rowInside = sourceY >= 0 && sourceY < height;
    const rowInHole = hole !== undefined && y >= hole.top && y < hole.bottom;
    for (let x = 0; x < width; x++) {
      const to = targetOffset + (y * width + x) * channels;
      if (rowInHole && x >= hole.left && x < hole.right) {
        target.fill(0, to, to + channels);
        continue;
      }
      const sourceX = (flip ? width - 1 - x : x) + left;
      const inside = rowInside && sourceX >= 0 && sourceX < width;
      const from = sourceOffset + (sourceY * width + sourceX) * channels;
      for (let c = 0; c < channels; c++) {
        target[to + c] = table[256 * c + (inside ? (images[from + c] as number) : 0)] as number;
      }
    }
  }
};
