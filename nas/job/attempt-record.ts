import { z } from 'zod';

const count = z.number().int().min(0);

/**
 * What one attempt says of itself, written when it starts and rewritten when it ends. Wall-clock lives here
 * only. Fields that a later version adds are left out.
 */
export const attemptRecordSchema = z.object({
  jobId: z.string(),
  /** Lease epoch: 1 for the first attempt that ran, rising by one with each. */
  epoch: count,
  batchJobId: z.string(),
  batchAttempt: count,
  host: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  outcome: z.string().exactOptional(),
  error: z.string().exactOptional(),
  /** Step restored from, 0 when fresh. */
  fromStep: count,
  toStep: count.exactOptional(),
  /** The instance or platform announced the attempt's end (or, `rebalance`, that it is likely). */
  notice: z.object({ kind: z.enum(['reclaim', 'rebalance', 'sigterm']), at: z.string() }).exactOptional(),
  /** Restore refused these newer checkpoints, with the reason. */
  walkedBack: z.array(z.string()).readonly().exactOptional(),
  /** Documents of the job that were found damaged and written anew, with what was wrong. */
  mended: z.array(z.string()).readonly().exactOptional(),
  checkpoints: z.object({ count, bytes: count, stallSeconds: z.number() }).exactOptional(),
  trainSeconds: z.number().exactOptional(),
  /** Peak resident memory, bytes. */
  peakBytes: z.number().exactOptional(),
  /** Name to version of what computed: `code`, `tensorflow`, `node`. */
  software: z.record(z.string(), z.string()).readonly().exactOptional(),
});
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;
