import type { Metric } from './metric.ts';

/** What a task's numbers are called: all that displays need to know of it, and workflows may. */
export interface TaskTerms {
  /** In few words: `classes of images`. */
  readonly learnt: string;
  readonly metric: Metric;
  /** One of what data consist of, and programs count: `image`. */
  readonly example: string;
  /** Of the training loss. */
  readonly lossUnit: string;
  /** What a trained network makes as a specimen of what it has learnt, where it makes one. */
  readonly specimen?: string;
  /**
   * Standard deviations of test scores, in the unit in which differences are printed, where no run has
   * measured them: of winners of different random searches, and of trainings of one network.
   */
  readonly assumedSpreads?: {
    readonly searches: number;
    readonly trainings: number;
    /** Where they are from: `as on CIFAR-10`. */
    readonly source: string;
  };
}
