import type { InputError } from '../core/input-error.ts';
import type { augmentationSchema, networkSchema, Augmentation } from './recipe.ts';

/** What every data set says of itself, whatever it consists of. */
export interface DataFacts {
  readonly name: string;
  readonly splits: Readonly<Record<'train' | 'test', { readonly count: number }>>;
}

/** What an experiment asks of its data, as far as a task's checks read it. */
export interface AskedOfData {
  readonly validationFraction: number;
  /** Stages that train something. */
  readonly stages: readonly {
    readonly name: 'search' | 'retrain' | 'evaluate';
    readonly augmentation: Augmentation;
  }[];
  /** Stage 1 trains networks, and holds its data in memory meanwhile. */
  readonly searches: boolean;
  readonly memoryMiB: number;
  /** Where a field stands in the experiment's document. */
  place(path: readonly (string | number)[]): string;
}

/**
 * The pure half of a task: what experiments must know of what is learnt; its tensor half is in
 * `nas/training/tasks`.
 */
export interface Task<Data extends DataFacts> {
  /** Schema of a network's size. */
  readonly sizes: typeof networkSchema;
  /** Schema of how training data are varied. */
  readonly augmentation: typeof augmentationSchema;
  /** Examples of each part of the training data, by a split that `checkSplit` has nothing against. */
  parts(data: Data, validationFraction: number): { readonly train: number; readonly validation: number };
  /**
   * Why no job could make the split. `counts` are examples by class, where there are classes and they have
   * been counted.
   */
  checkSplit(data: Data, asked: AskedOfData, counts?: readonly number[]): Iterable<InputError>;
  /** Everything else that contradicts the data. */
  check(data: Data, asked: AskedOfData): Iterable<InputError>;
}
