import { open, type FileHandle } from 'node:fs/promises';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { drawPlacement, normalisationTable, placeImage, UNCHANGED } from './augment.ts';
import type { Batch, BatchSettings } from './batches.ts';
import { decodeForEvaluation, decodeForTraining, LEAST_CROP_AREA } from './decode-image.ts';
import { fileRanges } from './encoded-shard.ts';
import { imageBytes } from './image-set.ts';
import type { StreamedDataset } from './streamed-dataset.ts';

/** Where one image of a batch lies. */
export interface StreamedImage {
  /** The shard on local disk, and how many files it holds. */
  readonly path: string;
  readonly count: number;
  /** Which of them it is. */
  readonly place: number;
  readonly label: number;
}

type Ranges = ReturnType<typeof fileRanges>;

/** Shards kept open, the most recently used ones. */
const OPEN_SHARDS = 64;

/** Reads single files out of shards on local disk. */
const shardReader = (): ((image: StreamedImage) => Promise<Uint8Array>) => {
  const shards = new Map<string, Promise<{ readonly handle: FileHandle; readonly ranges: Ranges }>>();
  const openShard = async ({ path, count }: StreamedImage) => {
    const handle = await open(path);
    const head = new Uint8Array(4 * count);
    await handle.read(head, 0, head.length, 0);
    return { handle, ranges: fileRanges(head, count) };
  };
  return async (image) => {
    const shard = shards.get(image.path) ?? openShard(image);
    shards.delete(image.path);
    shards.set(image.path, shard);
    const { handle, ranges } = await shard;
    const [from, to] = ranges[image.place] as Ranges[number];
    const file = new Uint8Array(to - from);
    await handle.read(file, 0, file.length, from);
    for (const [path, oldest] of shards) {
      if (shards.size <= OPEN_SHARDS) break;
      shards.delete(path);
      void oldest.then((closing) => closing.handle.close());
    }
    return file;
  };
};

/**
 * Makes batches of image files. Training takes a random crop of each image, scaled to the data set's shape,
 * then flip and cutout as for other data sets; `cropPadding` has no meaning here. Evaluation takes the
 * centre. An image's augmentation depends on (seed, epoch, index, its place in the batch) alone.
 */
export const createStreamedBatches = (
  { shape, mean, std }: Pick<StreamedDataset, 'shape' | 'mean' | 'std'>,
  { batchSize, mode, augmentation, seed }: BatchSettings,
): ((epoch: number, index: number, images: readonly StreamedImage[]) => Promise<Batch>) => {
  const [height, width, channels] = shape as readonly [number, number, 1 | 3];
  const size = imageBytes(shape);
  const table = normalisationTable(mean, std);
  const read = shardReader();
  const { horizontalFlip, cutout, minCropArea = LEAST_CROP_AREA } = augmentation;
  return async (epoch, index, images) => {
    const x = new Float32Array(batchSize * size);
    const y = new Int32Array(batchSize).fill(-1);
    await Promise.all(
      images.map(async (image, i) => {
        const file = await read(image);
        const random = randomFromSeed(deriveSeed(seed, 'augment', epoch, index, i));
        const training = mode === 'train';
        const pixels = training
          ? await decodeForTraining(file, height, channels, random, minCropArea)
          : await decodeForEvaluation(file, height, channels);
        const placement = training
          ? drawPlacement(random, { cropPadding: 0, horizontalFlip, cutout }, height, width)
          : UNCHANGED;
        placeImage(pixels, 0, shape, table, placement, x, i * size);
        y[i] = image.label;
      }),
    );
    return { x, y, valid: images.length };
  };
};
