import { z } from 'zod';

/** What an attempt leaves for the worker when its machine announces a reclaim; see `keys.notice`. */
export const reclaimNoticeSchema = z.strictObject({
  batchJobId: z.string(),
  /** Which of the Batch job's own attempts, from 1. */
  batchAttempt: z.number().int().min(1),
  /** ISO 8601, by the clock of the attempt's machine. */
  at: z.string(),
});
export type ReclaimNotice = z.infer<typeof reclaimNoticeSchema>;

/**
 * Who starts the attempt after one that was told to leave; written once, by whoever comes first, so that
 * never both do. `batch`: the attempt has left and Batch starts the next one of the same Batch job.
 * `replacement`: the worker submits another Batch job while the attempt is still leaving, and Batch is not to
 * start anything.
 */
export const handoverSchema = z.discriminatedUnion('next', [
  z.strictObject({ next: z.literal('batch'), batchJobId: z.string() }),
  z.strictObject({
    next: z.literal('replacement'),
    /** The Batch job that is replaced. */
    batchJobId: z.string(),
    /** Attempts that Batch may make of the replacement: what the replaced job had left. */
    attempts: z.number().int().min(1),
    /** `at` of the notice. */
    noticedAt: z.string(),
  }),
]);
export type Handover = z.infer<typeof handoverSchema>;
