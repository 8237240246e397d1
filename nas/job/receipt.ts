import type { ProgramSpec } from './job.ts';

/** One part of a program's final state, by hash, without and with kills. */
interface ReceiptPart {
  /** `weights`, `optimizer`, `buffers`, `state.dataDigest`, …, `result`. */
  readonly part: string;
  readonly undisturbed: string;
  readonly killed: string;
}

/** One attempt of the killed job. */
export interface ReceiptAttempt {
  /** Lease epoch. */
  readonly epoch: number;
  /** Step of the checkpoint it restored, 0 when there was none. */
  readonly fromStep: number;
  /** Step after which it was ended by SIGKILL; absent in the attempt that finished. */
  readonly killedAt?: number;
}

/**
 * Proof, or refutation, that a job killed and resumed ends exactly as one left alone. Stored at
 * `keys.receipt`.
 */
export interface ResumeReceipt {
  readonly version: 1;
  readonly experiment: string;
  readonly experimentHash: string;
  readonly program: ProgramSpec;
  readonly codeVersion: string;
  readonly threads: number;
  readonly totalSteps: number;
  readonly attempts: readonly ReceiptAttempt[];
  readonly parts: readonly ReceiptPart[];
  /** All parts are equal. */
  readonly identical: boolean;
  /** The run that holds both jobs, their checkpoints and results. */
  readonly runId: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

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
