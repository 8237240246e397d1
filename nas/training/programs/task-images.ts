import type { ProgramTask } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import type { SearchedImages } from '../../search/one-job/course.ts';
import { createBatchPipeline, type BatchPipeline, type BatchSettings } from '../../task/images/batches.ts';
import type { InMemoryDataset } from '../../task/images/dataset.ts';
import { createPrefetchedPipeline, type PrefetchedPipeline } from '../../task/images/prefetch.ts';
import { splitTrainValidation, type TrainValidationSplit } from '../../task/images/split.ts';
import type { StreamedDataset } from '../../task/images/streamed-dataset.ts';

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

const settingsOf = (
  { recipe, data, seed }: ProgramTask,
  mode: BatchSettings['mode'],
  purpose: string,
): BatchSettings => ({
  batchSize: recipe.batchSize,
  mode,
  augmentation: data.augmentation,
  seed: deriveSeed(seed, purpose),
});

export const taskImages = (images: InMemoryDataset | StreamedDataset, task: ProgramTask): TaskImages => ({
  ...splitTrainValidation(images, task.data.validationFraction, task.data.splitSeed),
  whole: Int32Array.from(images.labels.keys()),
  training: (indices, purpose) =>
    createPrefetchedPipeline(images, indices, settingsOf(task, 'train', purpose)),
});

export const searchImages = (images: InMemoryDataset, task: ProgramTask): SearchImages => {
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
