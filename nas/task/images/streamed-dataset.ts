import type { ContentRef } from '../../core/blob.ts';
import type { ImageManifest, SplitName } from './manifest.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { givenValidationOf } from './dataset.ts';
import { decodeLabels } from './encoded-shard.ts';

/**
 * One split of a data set of image files, which are read from local shards and decoded when a batch needs
 * them.
 */
export interface StreamedDataset {
  readonly split: SplitName;
  /** Height, width, channels of what images are decoded to. */
  readonly shape: readonly [number, number, number];
  /** [N]. */
  readonly labels: Int32Array;
  /** Images of each shard; image numbers run through the shards in order. */
  readonly shardCounts: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Of the training split: so many images at its end are the data set's own validation split. */
  readonly givenValidation?: number;
  /** Path of a shard on local disk, fetched and checked when it is not there. */
  shardFile(shard: number): Promise<string>;
}

/** Shards whose images are shuffled together: what a batch may need at once, and what is fetched ahead. */
const WINDOW = 16;

/** Throws where the manifest is not one of image files, or its labels are not those of its images. */
export const openStreamed = async (
  manifest: ImageManifest,
  split: SplitName,
  fetch: {
    readonly bytes: (ref: ContentRef) => Promise<Uint8Array>;
    readonly file: (ref: ContentRef) => Promise<string>;
  },
): Promise<StreamedDataset> => {
  const { count, shards, labels } = manifest.splits[split];
  if (labels === undefined) throw new RangeError(`data set ${manifest.name}: holds pixels, not image files`);
  const files = new Map<number, Promise<string>>();
  return {
    split,
    shape: manifest.shape,
    labels: decodeLabels(await fetch.bytes(labels), count, manifest.classes.length),
    shardCounts: shards.map((shard) => shard.count),
    mean: manifest.normalisation.mean,
    std: manifest.normalisation.std,
    ...givenValidationOf(manifest, split),
    shardFile: (index) => {
      const shard = shards[index];
      if (shard === undefined) return Promise.reject(new RangeError(`shard ${index} of ${shards.length}`));
      const known = files.get(index) ?? fetch.file(shard.blob);
      files.set(index, known);
      // A fetch that failed may be asked for again.
      known.catch(() => files.delete(index));
      return known;
    },
  };
};

/** The shard of each image and its place in it. */
export const placesOf = (
  shardCounts: readonly number[],
): { readonly shard: Int32Array; readonly place: Int32Array } => {
  const count = shardCounts.reduce((sum, n) => sum + n, 0);
  const shard = new Int32Array(count);
  const place = new Int32Array(count);
  let at = 0;
  for (const [index, n] of shardCounts.entries())
    for (let i = 0; i < n; i++, at++) {
      shard[at] = index;
      place[at] = i;
    }
  return { shard, place };
};

/**
 * An epoch's order of `indices` (image numbers): the shards in random order, and the images of every 16
 * consecutive shards shuffled together. An epoch so reads every shard once, and its beginning needs only a
 * few of them.
 */
export const streamOrder = (
  shardOf: Int32Array,
  indices: Int32Array,
  seed: number,
  epoch: number,
): readonly number[] => {
  const random = randomFromSeed(deriveSeed(seed, 'order', epoch));
  const members = new Map<number, number[]>();
  for (const index of indices) {
    const shard = shardOf[index] as number;
    const known = members.get(shard);
    if (known === undefined) members.set(shard, [index]);
    else known.push(index);
  }
  const shards = random.shuffle([...members.keys()].sort((a, b) => a - b));
  const order: number[] = [];
  for (let at = 0; at < shards.length; at += WINDOW) {
    const window = shards.slice(at, at + WINDOW).flatMap((shard) => members.get(shard) as number[]);
    for (const index of random.shuffle(window)) order.push(index);
  }
  return order;
};
