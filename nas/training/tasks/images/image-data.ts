import type { ProgramTask } from '../../../job/program-spec.ts';
import { deriveSeed } from '../../../core/random.ts';
import type { Cut } from '../../../core/cut.ts';
import {
  createBatchPipeline,
  type Batch,
  type BatchPipeline,
  type BatchSettings,
} from '../../../task/images/batches.ts';
import { imageCuts } from '../../../task/images/cuts.ts';
import type { InMemoryDataset } from '../../../task/images/dataset.ts';
import { openDataset } from '../../../task/images/dataset.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import { createPrefetchedPipeline, type PrefetchedPipeline } from '../../../task/images/prefetch.ts';
import { splitTrainValidation } from '../../../task/images/split.ts';
import type { ImageManifest, SplitName } from '../../../task/images/manifest.ts';
import { openStreamed, type StreamedDataset } from '../../../task/images/streamed-dataset.ts';
import type { Feed, FeedShapes, Minibatch, ProgramFeeds } from '../feed.ts';
import type { DataFiles } from '../tensor-task.ts';

/** A data set of images as programs see it; the images of a split are loaded when it is opened. */
export interface ImageSource {
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly counts: Readonly<Record<SplitName, number>>;
  /** The test split is opened by the programs of stage 3 alone, when training is over. */
  open(split: SplitName): Promise<InMemoryDataset>;
  /** The same without holding the images in memory; present where the data set consists of image files. */
  stream?(split: SplitName): Promise<StreamedDataset>;
}

/** A stored data set. */
export const imageSource = (manifest: ImageManifest, files: DataFiles): ImageSource => {
  const stream = (split: SplitName): Promise<StreamedDataset> => openStreamed(manifest, split, files);
  return {
    shape: manifest.shape,
    classes: manifest.classes.length,
    counts: { train: manifest.splits.train.count, test: manifest.splits.test.count },
    ...(manifest.encoding === undefined
      ? { open: (split) => openDataset(manifest, split, files.bytes) }
      : {
          open: async (split) => {
            // The decoder is loaded by jobs that decode.
            const { decodeAll } = await import('../../../task/images/decode-all.ts');
            return decodeAll(manifest, await stream(split));
          },
          stream,
        }),
  };
};

/** What training leaves as it is. */
const UNVARIED = { cropPadding: 0, horizontalFlip: false, cutout: 0 };

/** All minibatches of images have one shape. */
const WHOLE = 'whole';

type BatchShape = readonly [number, ...number[]];

/** A feed of minibatches of images: `x` [B, H, W, C], normalised, and labels `y` [B], −1 on padding. */
export const imageShapes = (name: string, shape: BatchShape): FeedShapes => ({
  name,
  shapes: { [WHOLE]: { x: { shape, dtype: 'float32' }, y: { shape: [shape[0]], dtype: 'int32' } } },
});

/** A minibatch of such a feed. */
export const imageBatch = (shape: BatchShape, { x, y, valid }: Batch): Minibatch => ({
  shape: WHOLE,
  tensors: {
    x: { dtype: 'float32', shape, data: x },
    y: { dtype: 'int32', shape: [shape[0]], data: y },
  },
  valid,
});

/** The minibatches of a pipeline that is opened by the first of them. */
const imageFeed = (
  name: string,
  shape: BatchShape,
  cut: Cut,
  open: () => Promise<BatchPipeline | PrefetchedPipeline>,
): Feed => {
  let opened: ReturnType<typeof open> | undefined;
  return {
    ...imageShapes(name, shape),
    ...cut,
    batch: async (epoch, index) => {
      const pipeline = await (opened ??= open());
      return imageBatch(shape, await pipeline.batch(epoch, index));
    },
    close: async () => {
      const pipeline = await opened;
      if (pipeline !== undefined && 'close' in pipeline) await pipeline.close();
    },
  };
};

/**
 * The images of a program. Those of a search lie in memory; where the data set consists of files, the
 * training of one network decodes them as they are needed. Minibatches of training are made ahead in a
 * thread.
 */
export const openImages = async (
  source: ImageSource,
  { recipe: { batchSize }, data, seed }: ProgramTask<ImageTypes>,
  use: 'training' | 'search',
): Promise<ProgramFeeds> => {
  const read = use === 'training' ? (source.stream ?? source.open) : source.open;
  const images = await read('train');
  const { train, validation } = splitTrainValidation(images, data.validationFraction, data.splitSeed);
  const parts = { train, validation, 'train+validation': Int32Array.from(images.labels.keys()) };
  const cuts = imageCuts(
    { train: train.length, validation: validation.length, test: source.counts.test },
    batchSize,
  );
  const shape = [batchSize, ...source.shape] as const;
  const settings = (mode: BatchSettings['mode'], purpose: string): BatchSettings => ({
    batchSize,
    mode,
    augmentation: data.augmentation,
    seed: deriveSeed(seed, purpose),
  });
  /** Made where it is asked for, or in a thread. */
  const pipeline = (
    of: InMemoryDataset | StreamedDataset,
    indices: Int32Array,
    how: BatchSettings,
  ): BatchPipeline | PrefetchedPipeline =>
    use === 'search' && !('shardFile' in of)
      ? createBatchPipeline(of, indices, how)
      : createPrefetchedPipeline(of, indices, how);
  return {
    cuts,
    training: (part, purpose) => {
      const made = createPrefetchedPipeline(images, parts[part], settings('train', purpose));
      return imageFeed(purpose, shape, cuts.training(part, purpose), async () => made);
    },
    drawn: (purpose) => {
      const made = pipeline(images, validation, { ...settings('train', purpose), augmentation: UNVARIED });
      return imageFeed(purpose, shape, cuts.drawn(purpose), async () => made);
    },
    inOrder: (part) =>
      imageFeed(part, shape, cuts.inOrder(part), async () => {
        const evaluated = part === 'validation' ? images : await read('test');
        const indices = part === 'validation' ? validation : Int32Array.from(evaluated.labels.keys());
        return pipeline(evaluated, indices, settings('evaluate', 'in-order'));
      }),
  };
};
