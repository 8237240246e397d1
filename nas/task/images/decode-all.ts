import { readFile } from 'node:fs/promises';
import type { ImageManifest } from './manifest.ts';
import { allocateShared, givenValidationOf, type InMemoryDataset } from './dataset.ts';
import { decodeForEvaluation } from './decode-image.ts';
import { fileRanges } from './encoded-shard.ts';
import { imageBytes } from './image-set.ts';
import type { StreamedDataset } from './streamed-dataset.ts';

/**
 * A split of image files decoded into memory, each file's centre: for programs that read images at random.
 */
export const decodeAll = async (
  manifest: ImageManifest,
  { split, shape, labels, shardCounts, mean, std, shardFile }: StreamedDataset,
): Promise<InMemoryDataset> => {
  const [size, , channels] = shape as readonly [number, number, 1 | 3];
  const set = allocateShared(shape, labels.length);
  set.labels.set(labels);
  let number = 0;
  for (const [index, count] of shardCounts.entries()) {
    const shard = await readFile(await shardFile(index));
    for (const [from, to] of fileRanges(shard, count)) {
      const pixels = await decodeForEvaluation(shard.subarray(from, to), size, channels);
      set.images.set(pixels, number++ * imageBytes(shape));
    }
  }
  return {
    ...set,
    name: manifest.name,
    split,
    classes: manifest.classes,
    mean,
    std,
    ...givenValidationOf(manifest, split),
  };
};
