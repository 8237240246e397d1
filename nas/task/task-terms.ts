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
}
