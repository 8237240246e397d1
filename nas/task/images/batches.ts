import type { Augmentation } from './recipe.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { drawPlacement, normalisationTable, placeImage, UNCHANGED } from './augment.ts';
import type { InMemoryDataset } from './dataset.ts';
import { imageBytes } from './image-set.ts';

/** One minibatch, always of the full batch size, so that compiled steps see one static shape. */
export interface Batch {
  /** [B, H, W, C], normalised. */
  readonly x: Float32Array;
  /** [B]; −1 on padding, which only the last batch of an evaluation has. */
  readonly y: Int32Array;
  /** Examples that are not padding; they come first. */
  readonly valid: number;
}

export interface BatchSettings {
  readonly batchSize: number;
  /**
   * `train`: each epoch is a fresh seeded permutation, augmented; what does not fill a batch is left out.
   * `evaluate`: the indices in order, not augmented; the last batch is padded.
   */
  readonly mode: 'train' | 'evaluate';
  readonly augmentation: Augmentation;
  readonly seed: number;
}

/**
 * Any batch from its position alone: the same (settings, epoch, index) gives the same bytes in every process
 * and in any order of calls. This is what makes a resumed job exact: a checkpoint needs to hold no more than
 * the step.
 */
export interface BatchPipeline {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** Shape of `x`. */
  readonly shape: readonly [number, number, number, number];
  batch(epoch: number, index: number): Batch;
}

/** The batch at a position that counts on from epoch to epoch. */
export const batchAt = <B>(
  { batchesPerEpoch, batch }: { readonly batchesPerEpoch: number; batch(epoch: number, index: number): B },
  position: number,
): B => batch(Math.floor(position / batchesPerEpoch), position % batchesPerEpoch);

/** Batches of an epoch over `count` images. Throws where no full training batch can be made. */
export const countBatches = (count: number, { batchSize, mode }: BatchSettings): number => {
  const batches = mode === 'train' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  if (batches === 0)
    throw new RangeError(
      `batchSize: ${batchSize}, allowed: at most ${count}, the images in this part of the split`,
    );
  return batches;
};

/**
 * Batches over `indices` of `dataset`.
 * Throws where no full training batch can be made, or the index lies outside the epoch.
 */
export const createBatchPipeline = (
  dataset: Pick<InMemoryDataset, 'shape' | 'images' | 'labels' | 'mean' | 'std'>,
  indices: Int32Array,
  settings: BatchSettings,
): BatchPipeline => {
  const { batchSize, mode, augmentation, seed } = settings;
  const [height, width, channels] = dataset.shape;
  const training = mode === 'train';
  const batchesPerEpoch = countBatches(indices.length, settings);
  const size = imageBytes(dataset.shape);
  const table = normalisationTable(dataset.mean, dataset.std);

  let cachedEpoch = -1;
  let cachedOrder: readonly number[] = [];
  const orderOf = (epoch: number): ArrayLike<number> => {
    if (!training) return indices;
    if (epoch !== cachedEpoch) {
      cachedOrder = randomFromSeed(deriveSeed(seed, 'order', epoch)).shuffle(Array.from(indices));
      cachedEpoch = epoch;
    }
    return cachedOrder;
  };

  return {
    batchSize,
    batchesPerEpoch,
    shape: [batchSize, height, width, channels],
    batch: (epoch, index) => {
      if (!Number.isInteger(index) || index < 0 || index >= batchesPerEpoch) {
        throw new RangeError(`batch ${index} of ${batchesPerEpoch}`);
      }
      const order = orderOf(epoch);
      const valid = Math.min(batchSize, indices.length - index * batchSize);
      const x = new Float32Array(batchSize * size);
      const y = new Int32Array(batchSize).fill(-1);
      const random = training ? randomFromSeed(deriveSeed(seed, 'augment', epoch, index)) : undefined;
      for (let i = 0; i < valid; i++) {
        const from = order[index * batchSize + i] as number;
        const placement = random ? drawPlacement(random, augmentation, height, width) : UNCHANGED;
        placeImage(dataset.images, from * size, dataset.shape, table, placement, x, i * size);
        y[i] = dataset.labels[from] as number;
      }
      return { x, y, valid };
    },
  };
};
