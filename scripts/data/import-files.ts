import { inputError } from '../../nas/core/input-error.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { decodeForEvaluation } from '../../nas/task/images/decode-image.ts';
import { channelHistogram } from '../../nas/task/images/image-set.ts';
import type { FileDataset, FileSplit } from '../../nas/task/images/raw-dataset.ts';
import { countsOf, equalImages } from './equal-images.ts';
import type { LabelledFile } from './folder-structure.ts';
import { decodableFile } from './image-file.ts';
import { IMAGE_FORMATS } from './image-kind.ts';
import { findImages } from './import-folder.ts';
import type { FolderAccount, FolderOptions } from './import-folder.ts';

type Split = 'train' | 'validation' | 'test';

/**
 * A folder of images per class (see `findImages`) as a data set of image files, kept as they are, bitmaps as
 * PNGs of the same pixels. Every file is decoded on the way, to see that it can be, and for the statistics of
 * the training images. Files are shuffled, so that every shard has images of many classes. The account is
 * whole once all files have been read. Throws InputError naming what is wrong.
 */
export const importFiles = async (
  folder: string,
  options: FolderOptions & { readonly size: number },
): Promise<FileDataset & { account(): FolderAccount }> => {
  const { size, onProgress } = options;
  const {
    train,
    validation,
    test,
    channels,
    bits,
    commonSize: _,
    account,
    ...described
  } = await findImages(folder, options);
  const histogram = channelHistogram(channels);
  const equal = equalImages();
  const total = train.length + validation.length + test.length;
  let done = 0;
  const shuffled = (files: readonly LabelledFile[], split: Split) =>
    randomFromSeed(deriveSeed(0, 'shards', split))
      .shuffle(files)
      .map((file) => ({ ...file, split }));
  const splitOf = (
    files: readonly (LabelledFile & { readonly split: Split })[],
    onPixels?: (pixels: Uint8Array) => void,
  ): FileSplit => ({
    labels: files.map(({ label }) => label),
    read: async (index) => {
      const file = files[index] as (typeof files)[number];
      const { path, label, split } = file;
      try {
        const bytes = await decodableFile(file, bits);
        const pixels = await decodeForEvaluation(bytes, size, channels);
        onPixels?.(pixels);
        equal.add({ path, label, split }, pixels);
        onProgress?.(++done, total);
        return bytes;
      } catch (cause) {
        const { message } = cause as Error;
        throw inputError(
          '--from',
          path,
          `a whole image file (${IMAGE_FORMATS})`,
          `replace or remove it, or leave out all that are broken with --skip-broken: ${message}`,
          { cause },
        );
      }
    },
  });
  return {
    ...described,
    shape: [size, size, channels],
    train: splitOf([...shuffled(train, 'train'), ...shuffled(validation, 'validation')], histogram.add),
    test: splitOf(shuffled(test, 'test')),
    normalisation: histogram.statistics,
    equalImages: () => countsOf(equal.counted()),
    account: () => ({ ...account, equal: equal.counted() }),
  };
};
