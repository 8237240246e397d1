import type { z } from 'zod';
import { resumeReceiptSchema } from '../job/receipt.ts';

/** What a report shows of a resume receipt: of its program kind and seed alone. */
export const receiptReportSchema = resumeReceiptSchema
  .omit({ version: true, experiment: true })
  .extend({ program: resumeReceiptSchema.shape.program.strip() });
export type ReceiptReport = z.infer<typeof receiptReportSchema>;
