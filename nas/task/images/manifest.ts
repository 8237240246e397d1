import { z } from 'zod';
import { shareOf } from '../../core/apportion.ts';
import { hashJson } from '../../core/hash.ts';
import { contentRefSchema, sha256Schema as sha256 } from '../../core/blob.ts';
import { equalCountsSchema } from './equal-images.ts';

const split = z.strictObject({
  /** Images in all shards together. */
  count: z.number().int().min(1),
  /** Of image files: all labels, which shards of pixels hold themselves. */
  labels: contentRefSchema.exactOptional(),
  shards: z
    .array(
      z.strictObject({ blob: contentRefSchema, /** Images in this shard. */ count: z.number().int().min(1) }),
    )
    .min(1),
});

const perChannel = z.array(z.number()).min(1);

/**
 * An image-classification data set: what it is and the blobs that hold it. It names content, not places, so
 * equal data have equal manifests in every bucket. Immutable: a name, once written, always means the same
 * bytes. The shards' layout is described in `nas/task/images/shard.ts`.
 */
export const imageManifestSchema = z
  .strictObject({
    version: z.literal(1),
    name: z.string(),
    /**
     * What shards hold: pixels, or image files of any size, decoded while training
     * (`nas/task/images/encoded-shard.ts`).
     */
    encoding: z.literal('files').exactOptional(),
    /** Height, width, channels of every image; of files, of what they are decoded to. */
    shape: z.tuple([z.number().int().min(1), z.number().int().min(1), z.union([z.literal(1), z.literal(3)])]),
    /** Class names; a label is an index into this list. */
    classes: z.array(z.string()).min(2),
    splits: z.strictObject({ train: split, test: split }),
    /**
     * So many images at the end of the training split are the validation split that the data set itself
     * gives.
     */
    givenValidation: z.number().int().min(1).exactOptional(),
    /**
     * Per channel, over the training split, of pixel values scaled to [0, 1]; population standard deviation.
     */
    normalisation: z.strictObject({ mean: perChannel, std: perChannel }),
    /**
     * Hash of shape, classes and all shards' hashes: equal data have equal hashes wherever they are stored.
     */
    sha256,
    /** Counted when the data set was added; absent where nobody counted. */
    equalImages: equalCountsSchema.exactOptional(),
    source: z.string(),
    licence: z.string(),
    /** How the origin was checked, e.g. `md5 of the official archive`. */
    verified: z.string(),
  })
  .refine(({ splits, givenValidation = 0 }) => givenValidation < splits.train.count, {
    message: 'givenValidation: more than the training split leaves',
  });
export type ImageManifest = z.infer<typeof imageManifestSchema>;
export type SplitName = keyof ImageManifest['splits'];

/** Images that the training split of a run has for training and for validation. */
export const trainingParts = (
  { splits, classes, givenValidation }: Pick<ImageManifest, 'splits' | 'classes' | 'givenValidation'>,
  validationFraction: number,
): { readonly train: number; readonly validation: number } => {
  const validation = givenValidation ?? shareOf(splits.train.count, validationFraction, classes.length);
  return { train: splits.train.count - validation, validation };
};

/** The content hash that a manifest states; see `ImageManifest.sha256`. */
export const datasetHash = (
  manifest: Pick<ImageManifest, 'shape' | 'classes' | 'splits' | 'encoding' | 'givenValidation'>,
): string => {
  const { shape, classes, splits, encoding, givenValidation } = manifest;
  const blobs = ({ shards, labels }: ImageManifest['splits'][SplitName]): string[] => [
    ...(labels === undefined ? [] : [labels.sha256]),
    ...shards.map((shard) => shard.blob.sha256),
  ];
  return hashJson({
    shape,
    classes,
    train: blobs(splits.train),
    test: blobs(splits.test),
    ...(encoding === undefined ? {} : { encoding }),
    ...(givenValidation === undefined ? {} : { givenValidation }),
  });
};
