/**
 * Search attributes of every workflow of a run; the stack registers them at start, an operator on another
 * Temporal cluster registers them once (`temporal operator search-attribute create`).
 */
export const SEARCH_ATTRIBUTES = {
  /** Run id: finds the protocol, its stages and all of its jobs. */
  NasRun: 'KEYWORD',
  /** `proxy-search`, `retrain-top` or `evaluate`. */
  NasStage: 'KEYWORD',
  NasSpace: 'KEYWORD',
  NasStrategy: 'KEYWORD',
  NasDataset: 'KEYWORD',
  /** How a job ended (`nas/job/outcome.ts`). */
  NasOutcome: 'KEYWORD',
  /** Best score so far of the task's metric: validation for stages and jobs, test mean for a finished run. */
  NasBestAccuracy: 'DOUBLE',
  /** Machine time spent, in dollars at the experiment's prices. */
  NasDollars: 'DOUBLE',
} as const satisfies Record<string, 'KEYWORD' | 'DOUBLE'>;
