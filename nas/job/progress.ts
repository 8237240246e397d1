/**
 * A job's `progress.json`: what `watch` shows of a running attempt. Overwritten every few seconds, lost
 * without harm, never read by the protocol's decisions.
 */
export interface JobProgress {
  readonly jobId: string;
  /** Lease epoch of the attempt that wrote it. */
  readonly epoch: number;
  readonly batchJobId: string;
  readonly batchAttempt: number;
  /** `compiling`, `training`, `scoring`, `re-scoring`, `evaluating`, `done`. */
  readonly phase: string;
  /** Kind of the program: `weight-sharing-search`, `train-network`, … */
  readonly program?: string;
  /** What native code was asked for last: `train (graph 1)`. On record before it runs for the first time. */
  readonly operation?: string;
  readonly step: number;
  readonly totalSteps: number;
  /** Step of the newest acknowledged checkpoint. */
  readonly checkpointStep: number;
  /** Checkpoints acknowledged by this attempt. */
  readonly checkpoints: number;
  readonly stepsPerSecond: number;
  readonly loss?: number;
  /** Score of the last minibatch, of the task's metric. */
  readonly accuracy?: number;
  /** Newest epoch of its learning curve, from 1. */
  readonly trainingEpoch?: number;
  /** Best validation score so far, of an epoch or, in a search, of a scored architecture. */
  readonly bestAccuracy?: number;
  /** The instance announced its end; a replacement may be started at once. */
  readonly notice?: 'reclaim' | 'rebalance' | 'sigterm';
  /** ISO 8601. */
  readonly updatedAt: string;
}
