import { z } from 'zod';

const count = z.number().int().min(0);

/** `progress.json` of a job, by its running attempt. */
export const jobProgressSchema = z.object({
  jobId: z.string(),
  /** Lease epoch of the attempt that wrote it. */
  epoch: count,
  batchJobId: z.string(),
  batchAttempt: count,
  /** `compiling`, `training`, `scoring`, `re-scoring`, `evaluating`, `done`. */
  phase: z.string(),
  /** Kind of the program: `weight-sharing-search`, `train-network`, … */
  program: z.string().exactOptional(),
  /** What native code was asked for last: `train (graph 1)`. On record before it runs for the first time. */
  operation: z.string().exactOptional(),
  step: count,
  totalSteps: count,
  /** Step of the newest acknowledged checkpoint. */
  checkpointStep: count,
  /** Checkpoints acknowledged by this attempt. */
  checkpoints: count,
  stepsPerSecond: z.number(),
  loss: z.number().exactOptional(),
  /** Score of the last minibatch, of the task's metric. */
  accuracy: z.number().exactOptional(),
  /** Newest epoch of its learning curve, from 1. */
  trainingEpoch: z.number().exactOptional(),
  /** Best validation score so far, of an epoch or, in a search, of a scored architecture. */
  bestAccuracy: z.number().exactOptional(),
  /** The instance announced its end; a replacement may be started at once. */
  notice: z.enum(['reclaim', 'rebalance', 'sigterm']).exactOptional(),
  /** ISO 8601. */
  updatedAt: z.string(),
});
export type JobProgress = z.infer<typeof jobProgressSchema>;

/** `progress.json` of a search by trials, by the worker that runs it. */
export const trialsProgressSchema = z.object({
  phase: z.string(),
  /** Trials told to the strategy so far, but for those that were lost. */
  trials: count,
  /** Of the trials that have ended; absent in what earlier versions wrote. */
  attempts: count.exactOptional(),
  reclaims: count.exactOptional(),
  /** As of any job: `trials`. */
  step: count,
  /** Trials that it will be. */
  totalSteps: count,
  /** Not known of trials: 0. */
  stepsPerSecond: z.number(),
  /** Best validation score so far. */
  bestAccuracy: z.number().exactOptional(),
  /** In its place where the search weighs other measures too. */
  bestScore: z.number().exactOptional(),
});
export type TrialsProgress = z.infer<typeof trialsProgressSchema>;

/**
 * What `watch` shows of running work. Overwritten every few seconds, lost without harm, never read by the
 * protocol's decisions.
 */
export const progressSchema = z.union([jobProgressSchema, trialsProgressSchema]);
export type Progress = z.infer<typeof progressSchema>;
