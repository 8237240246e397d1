import { z } from 'zod';
import type { FetchBlob } from '../manifest.ts';
import { decodeLabels } from './encoded-shard.ts';
import type { ImageManifest, SplitName } from './manifest.ts';
import { decodeShardLabels } from './shard.ts';

const classCounts = z.array(z.number().int().min(0));

/** Images of each class, by split. */
export const imageCountsSchema = z.strictObject({
  /** The data set's own validation split included. */
  train: classCounts,
  /** Of these, the images of its own validation split. */
  validation: classCounts.exactOptional(),
  test: classCounts,
});
export type ImageCounts = z.infer<typeof imageCountsSchema>;

const countLabels = (labels: ArrayLike<number>, classes: number): number[] => {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++)
    counts[labels[i] as number] = (counts[labels[i] as number] ?? 0) + 1;
  return counts;
};

/** Of labels that are at hand. */
export const countsOfLabels = (
  { classes, givenValidation }: Pick<ImageManifest, 'classes' | 'givenValidation'>,
  { train, test }: { readonly train: ArrayLike<number>; readonly test: ArrayLike<number> },
): ImageCounts => ({
  train: countLabels(train, classes.length),
  ...(givenValidation === undefined
    ? {}
    : { validation: countLabels(Array.from(train).slice(train.length - givenValidation), classes.length) }),
  test: countLabels(test, classes.length),
});

/** Labels of a split from its blobs. Throws `RangeError` where they are not what the manifest says. */
const readLabels = async (
  { splits, shape, classes }: ImageManifest,
  name: SplitName,
  fetchBlob: FetchBlob,
): Promise<Int32Array> => {
  const { count, labels, shards } = splits[name];
  if (labels !== undefined) return decodeLabels(await fetchBlob(labels), count, classes.length);
  const all = new Int32Array(count);
  let at = 0;
  for (const shard of shards) {
    all.set(decodeShardLabels(await fetchBlob(shard.blob), shard.count, classes.length, shape), at);
    at += shard.count;
  }
  return all;
};

/** Images of each class of a stored data set. */
export const countImages = async (manifest: ImageManifest, fetchBlob: FetchBlob): Promise<ImageCounts> =>
  countsOfLabels(manifest, {
    train: await readLabels(manifest, 'train', fetchBlob),
    test: await readLabels(manifest, 'test', fetchBlob),
  });
