/** Labelled images in host memory, the form all importers produce and all shards hold. */
export interface ImageSet {
  /** Height, width, channels (1 or 3). */
  readonly shape: readonly [number, number, number];
  /** [N, H, W, C], row-major, 0–255. */
  readonly images: Uint8Array;
  /** [N], indices into the class list. */
  readonly labels: Int32Array;
}

/** Bytes of one image. */
export const imageBytes = (shape: ImageSet['shape']): number => shape[0] * shape[1] * shape[2];

/** The images at `indices`, in that order. */
export const selectImages = (set: ImageSet, indices: ArrayLike<number>): ImageSet => {
  const size = imageBytes(set.shape);
  const images = new Uint8Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] as number;
    if (from >= set.labels.length) throw new RangeError(`image ${from} of ${set.labels.length}`);
    images.set(set.images.subarray(from * size, (from + 1) * size), i * size);
    labels[i] = set.labels[from] as number;
  }
  return { shape: set.shape, images, labels };
};

/** Sets of one shape, one after another. */
export const concatenateImages = (sets: readonly ImageSet[]): ImageSet => {
  const [first] = sets;
  if (first === undefined) throw new RangeError('concatenateImages: no sets');
  const size = imageBytes(first.shape);
  const count = sets.reduce((sum, set) => sum + set.labels.length, 0);
  const images = new Uint8Array(count * size);
  const labels = new Int32Array(count);
  let at = 0;
  for (const set of sets) {
    if (set.shape.join() !== first.shape.join()) {
      throw new RangeError(`concatenateImages: shapes ${first.shape.join('×')} and ${set.shape.join('×')}`);
    }
    images.set(set.images, at * size);
    labels.set(set.labels, at);
    at += set.labels.length;
  }
  return { shape: first.shape, images, labels };
};

interface ChannelStatistics {
  readonly mean: number[];
  readonly std: number[];
}

/**
 * Per-channel mean and population standard deviation of pixel values scaled to [0, 1], of any number of
 * images given one after another. Exact: sums are integers. A constant channel gets standard deviation 1, so
 * that normalising it gives zeros.
 */
export const channelHistogram = (
  channels: number,
): { add(images: Uint8Array): void; statistics(): ChannelStatistics } => {
  const histogram = Array.from({ length: channels }, () => new Float64Array(256));
  let values = 0;
  return {
    add: (images) => {
      for (let i = 0; i < images.length; i++) {
        const counts = histogram[i % channels] as Float64Array;
        const value = images[i] as number;
        counts[value] = (counts[value] as number) + 1;
      }
      values += images.length;
    },
    statistics: () => {
      const pixels = values / channels;
      const mean: number[] = [];
      const std: number[] = [];
      for (const counts of histogram) {
        const sum = counts.reduce((total, count, value) => total + count * value, 0);
        const squares = counts.reduce((total, count, value) => total + count * value * value, 0);
        const average = sum / pixels;
        const variance = squares / pixels - average * average;
        mean.push(average / 255);
        std.push(variance > 0 ? Math.sqrt(variance) / 255 : 1);
      }
      return { mean, std };
    },
  };
};

/** The same of a whole set. */
export const channelStatistics = (set: ImageSet): ChannelStatistics => {
  const histogram = channelHistogram(set.shape[2]);
  histogram.add(set.images);
  return histogram.statistics();
};
