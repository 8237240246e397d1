import type { ProgramTask } from '../../../job/job.ts';
import type { ImageTypes } from '../../../task/images/image-classification.ts';
import { deriveSeed } from '../../../core/random.ts';
import type { SearchedImages } from '../../../search/one-job/course.ts';
import { createBatchPipeline, type BatchPipeline, type BatchSettings } from '../../../task/images/batches.ts';
import type { InMemoryDataset } from '../../../task/images/dataset.ts';
import { createPrefetchedPipeline, type PrefetchedPipeline } from '../../../task/images/prefetch.ts';
import { splitTrainValidation, type TrainValidationSplit } from '../../../task/images/split.ts';
import type { SplitName } from '../../../task/images/manifest.ts';
import type { StreamedDataset } from '../../../task/images/streamed-dataset.ts';
import type { TrainingData } from '../tensor-task.ts';

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

/** The official training images of a task, split as its spec says. */
interface TaskImages extends TrainValidationSplit {
  /** Both parts. */
  readonly whole: Int32Array;
  /** Shuffled and augmented minibatches, made ahead in a thread; equal purposes give equal minibatches. */
  training(indices: Int32Array, purpose: string): PrefetchedPipeline;
}

/** Those of a search, which holds them in memory. */
export interface SearchImages extends TaskImages {
  /** Minibatches of the validation part at random as in training, yet not augmented. */
  drawn(purpose: string): BatchPipeline;
  /** The whole validation part in order; the last minibatch is padded. */
  inOrder(): BatchPipeline;
  readonly counts: SearchedImages;
}

/** A spec as image classification knows it: it is handed those of its own alone. */
export const imageSpec = <Spec extends ProgramTask>(spec: Spec) =>
  spec as unknown as Omit<Spec, keyof ProgramTask> & ProgramTask<ImageTypes>;

const settingsOf = (
  { recipe, data, seed }: ProgramTask<ImageTypes>,
  mode: BatchSettings['mode'],
  purpose: string,
): BatchSettings => ({
  batchSize: recipe.batchSize,
  mode,
  augmentation: data.augmentation,
  seed: deriveSeed(seed, purpose),
});

export const taskImages = (
  images: InMemoryDataset | StreamedDataset,
  task: ProgramTask<ImageTypes>,
): TaskImages => ({
  ...splitTrainValidation(images, task.data.validationFraction, task.data.splitSeed),
  whole: Int32Array.from(images.labels.keys()),
  training: (indices, purpose) =>
    createPrefetchedPipeline(images, indices, settingsOf(task, 'train', purpose)),
});

/** Of the training of one network, which need not hold the images in memory. */
export const imageTraining = async (source: ImageSource, spec: ProgramTask): Promise<TrainingData> => {
  const task = imageSpec(spec);
  const read = source.stream ?? source.open;
  const images = await read('train');
  const { train, validation, whole, training } = taskImages(images, task);
  return {
    counts: { train: train.length, validation: validation.length, test: source.counts.test },
    training: (part, purpose) => training(part === 'train' ? train : whole, purpose),
    evaluation: async (part) => {
      const evaluated = part === 'validation' ? images : await read('test');
      const indices = part === 'validation' ? validation : Int32Array.from(evaluated.labels.keys());
      return createPrefetchedPipeline(evaluated, indices, {
        batchSize: task.recipe.batchSize,
        mode: 'evaluate',
        augmentation: task.data.augmentation,
        seed: 0,
      });
    },
  };
};

export const searchImages = (images: InMemoryDataset, spec: ProgramTask): SearchImages => {
  const task = imageSpec(spec);
  const parts = taskImages(images, task);
  return {
    ...parts,
    drawn: (purpose) =>
      createBatchPipeline(images, parts.validation, {
        ...settingsOf(task, 'train', purpose),
        augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
      }),
    // Nothing is random in order.
    inOrder: () => createBatchPipeline(images, parts.validation, settingsOf(task, 'evaluate', 'in-order')),
    counts: { train: parts.train.length, validation: parts.validation.length },
  };
};
