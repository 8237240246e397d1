import { z } from 'zod';

const count = z.number().int().min(0);

/** One part of a program's final state, by hash, without and with kills. */
const receiptPartSchema = z.object({
  /** `weights`, `optimizer`, `buffers`, `state.dataDigest`, …, `result`. */
  part: z.string(),
  undisturbed: z.string(),
  killed: z.string(),
});
type ReceiptPart = z.infer<typeof receiptPartSchema>;

/** One attempt of the killed job. */
const receiptAttemptSchema = z.object({
  /** Lease epoch. */
  epoch: count,
  /** Step of the checkpoint it restored, 0 when there was none. */
  fromStep: count,
  /** Step after which it was ended by SIGKILL; absent in the attempt that finished. */
  killedAt: count.exactOptional(),
});
export type ReceiptAttempt = z.infer<typeof receiptAttemptSchema>;

/**
 * Proof, or refutation, that a job killed and resumed ends exactly as one left alone. Stored at
 * `keys.receipt`.
 */
export const resumeReceiptSchema = z.object({
  version: z.literal(1),
  experiment: z.string(),
  experimentHash: z.string(),
  /** As the version that proved it wrote programs: of those of others no more is known. */
  program: z.looseObject({ kind: z.string(), seed: count }),
  codeVersion: z.string(),
  threads: count,
  totalSteps: count,
  attempts: z.array(receiptAttemptSchema).readonly(),
  parts: z.array(receiptPartSchema).readonly(),
  /** All parts are equal. */
  identical: z.boolean(),
  /** The run that holds both jobs, their checkpoints and results. */
  runId: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
});
export type ResumeReceipt = z.infer<typeof resumeReceiptSchema>;

/** Parts whose hashes differ; a part that one side lacks differs. */
export const comparedParts = (
  undisturbed: Readonly<Record<string, string>>,
  killed: Readonly<Record<string, string>>,
): { readonly parts: readonly ReceiptPart[]; readonly identical: boolean } => {
  const names = [...new Set([...Object.keys(undisturbed), ...Object.keys(killed)])].sort();
  const parts = names.map((part) => ({
    part,
    undisturbed: undisturbed[part] ?? 'missing',
    killed: killed[part] ?? 'missing',
  }));
  return { parts, identical: parts.every((part) => part.undisturbed === part.killed) };
};
