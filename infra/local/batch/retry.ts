import type { RetryStrategy } from '@aws-sdk/client-batch';

/** What `evaluateOnExit` may look at. */
export interface AttemptEnd {
  readonly statusReason: string;
  /** Container reason, e.g. `OutOfMemoryError: Container killed due to memory usage`. */
  readonly reason?: string;
  readonly exitCode?: number;
}

/** Batch's glob: a literal that may end with `*`. */
export const matchesGlob = (pattern: string, value: string): boolean =>
  pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;

/**
 * `*` matches a reason that is absent too: AWS's own example ends its rules with `onReason: *` to catch the
 * rest.
 */
const condition = (pattern: string | undefined, value: string | undefined): boolean =>
  pattern === undefined || pattern === '*' || (value !== undefined && matchesGlob(pattern, value));

/**
 * Whether a failed attempt is followed by another one: never beyond `attempts`; otherwise the first
 * `evaluateOnExit` rule decides whose conditions all match; a failure that no rule matches is retried
 * (AWS Batch user guide, "Automated job retries").
 */
export const retries = (
  strategy: RetryStrategy & { readonly attempts: number },
  attempt: number,
  end: AttemptEnd,
): boolean => {
  if (attempt >= strategy.attempts) return false;
  const rule = (strategy.evaluateOnExit ?? []).find(
    (r) =>
      condition(r.onStatusReason, end.statusReason) &&
      condition(r.onReason, end.reason) &&
      condition(r.onExitCode, end.exitCode?.toString()),
  );
  return rule?.action !== 'EXIT';
};
