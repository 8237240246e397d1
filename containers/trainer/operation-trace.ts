import type { JobProgress } from '../../nas/job/progress.ts';

/**
 * What native code was asked for last. A process that it kills can no longer say so: it is on record before.
 */
export interface OperationTrace {
  readonly current: string | undefined;
  /** Cheap but for the first time that an operation is named: then it is on record when this returns. */
  begins(operation: string): void;
}

/** Operations that are waited for; a program that names more has many alike. */
const AWAITED = 48;
/** Longer than any store takes that answers. */
const PATIENCE_MILLISECONDS = 2_000;

/** `publish` holds the thread until the progress with that operation is on record; whether it came to be. */
export const operationTrace = (
  publish: (operation: string, milliseconds: number) => boolean,
): OperationTrace => {
  const known = new Set<string>();
  let current: JobProgress['operation'];
  let answers = true;
  return {
    get current() {
      return current;
    },
    begins: (operation) => {
      current = operation;
      if (known.has(operation) || known.size >= AWAITED || !answers) return;
      known.add(operation);
      // A store that is away delays training once.
      answers = publish(operation, PATIENCE_MILLISECONDS);
    },
  };
};
