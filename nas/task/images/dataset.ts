import { sha256 } from '../../core/hash.ts';
import type { ContentRef } from '../../core/blob.ts';
import type { ImageManifest, SplitName } from './manifest.ts';
import type { ImageSet } from './image-set.ts';
import { imageBytes } from './image-set.ts';
import { decodeShardInto } from './shard.ts';

/**
 * One split of a data set, ready to train on. Its arrays are in shared memory, so a worker thread reads them
 * too.
 */
export interface InMemoryDataset extends ImageSet {
  readonly name: string;
  readonly split: SplitName;
  readonly classes: readonly string[];
  /** Per channel, of pixel values scaled to [0, 1]; those of the training split, whichever split this is. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Of the training split: so many images at its end are the data set's own validation split. */
  readonly givenValidation?: number;
}

/** What an opened training split says of the data set's own validation split. */
export const givenValidationOf = (
  { givenValidation }: ImageManifest,
  split: SplitName,
): Pick<InMemoryDataset, 'givenValidation'> =>
  split === 'train' && givenValidation !== undefined ? { givenValidation } : {};

/** Images of one shape in shared memory, all zero. */
export const allocateShared = (shape: ImageSet['shape'], count: number): ImageSet => ({
  shape,
  images: new Uint8Array(new SharedArrayBuffer(count * imageBytes(shape))),
  labels: new Int32Array(new SharedArrayBuffer(4 * count)),
});

/**
 * Reads one split into memory. The test split is opened by stage 3 alone.
 * Throws where a blob's hash, a shard's length or a label disagrees with the manifest.
 */
export const openDataset = async (
  manifest: ImageManifest,
  split: SplitName,
  fetchBlob: (ref: ContentRef) => Promise<Uint8Array>,
): Promise<InMemoryDataset> => {
  const { count, shards } = manifest.splits[split];
  const inShards = shards.reduce((sum, shard) => sum + shard.count, 0);
  if (inShards !== count) {
    throw new RangeError(
      `data set ${manifest.name}: ${split} has ${inShards} images in shards, not ${count}`,
    );
  }
  const set = allocateShared(manifest.shape, count);
  let offset = 0;
  for (const [index, shard] of shards.entries()) {
    const where = `data set ${manifest.name}: ${split} shard ${index}`;
    const bytes = await fetchBlob(shard.blob);
    const actual = sha256(bytes);
    if (actual !== shard.blob.sha256) {
      throw new Error(`${where}: sha256 ${actual}, expected ${shard.blob.sha256}`);
    }
    try {
      decodeShardInto(bytes, shard.count, manifest.classes.length, set, offset);
    } catch (cause) {
      throw new Error(`${where}: ${(cause as Error).message}`, { cause });
    }
    offset += shard.count;
  }
  return {
    ...set,
    name: manifest.name,
    split,
    classes: manifest.classes,
    mean: manifest.normalisation.mean,
    std: manifest.normalisation.std,
    ...givenValidationOf(manifest, split),
  };
};
