import { z } from 'zod';
import type { ResumeReceipt } from '../job/receipt.ts';

/** What a report shows of a resume receipt. */
export interface ReceiptReport extends Omit<ResumeReceipt, 'version' | 'experiment' | 'program'> {
  readonly program: { readonly kind: string; readonly seed: number };
}

const count = z.number().int().min(0);

/** A stored receipt, parsed at the report's edge. */
export const receiptReportSchema: z.ZodType<ReceiptReport> = z.object({
  experimentHash: z.string(),
  program: z.object({ kind: z.string(), seed: count }),
  codeVersion: z.string(),
  threads: count,
  totalSteps: count,
  attempts: z.array(z.object({ epoch: count, fromStep: count, killedAt: count.exactOptional() })),
  parts: z.array(z.object({ part: z.string(), undisturbed: z.string(), killed: z.string() })),
  identical: z.boolean(),
  runId: z.string(),
  createdAt: z.string(),
});
