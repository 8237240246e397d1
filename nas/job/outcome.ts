/**
 * How one attempt of a job ended. Every attempt ends as exactly one of these; each has its own retry owner
 * and its own meaning to a strategy (see `OUTCOME_RULES`).
 */
export const OUTCOMES = [
  'succeeded',
  'preempted',
  'no-capacity',
  'image-error',
  'out-of-memory',
  'diverged',
  'invalid-architecture',
  'timed-out',
  'user-error',
  'cancelled',
  'crashed',
  'lost',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Who starts the next attempt: AWS Batch (`evaluateOnExit`), the workflow, or nobody. */
type RetryOwner = 'batch' | 'workflow' | 'nobody';

interface OutcomeRule {
  readonly retryOwner: RetryOwner;
  /** Further attempts the owner may start after this outcome. */
  readonly retries: number;
  /** What a search strategy may learn from it: infrastructure failures teach nothing. */
  readonly teaches: 'score' | 'infeasible' | 'nothing';
}

export const OUTCOME_RULES = {
  succeeded: { retryOwner: 'nobody', retries: 0, teaches: 'score' },
  preempted: { retryOwner: 'batch', retries: 10, teaches: 'nothing' },
  'no-capacity': { retryOwner: 'workflow', retries: 1000, teaches: 'nothing' },
  /** The image is not there, may not be pulled, or does not fit its machines: so it is on every machine. */
  'image-error': { retryOwner: 'nobody', retries: 0, teaches: 'nothing' },
  'out-of-memory': { retryOwner: 'nobody', retries: 0, teaches: 'infeasible' },
  diverged: { retryOwner: 'nobody', retries: 0, teaches: 'infeasible' },
  'invalid-architecture': { retryOwner: 'nobody', retries: 0, teaches: 'infeasible' },
  'timed-out': { retryOwner: 'nobody', retries: 0, teaches: 'nothing' },
  'user-error': { retryOwner: 'nobody', retries: 0, teaches: 'nothing' },
  cancelled: { retryOwner: 'nobody', retries: 0, teaches: 'nothing' },
  /** Native code killed its process. Once may be a bad machine; see also `CRASHES_AT_ONE_PLACE`. */
  crashed: { retryOwner: 'workflow', retries: 4, teaches: 'nothing' },
  lost: { retryOwner: 'workflow', retries: 5, teaches: 'nothing' },
} as const satisfies Record<Outcome, OutcomeRule>;

/**
 * So many crashes in the same operation end a job, whatever other budget is left: the machines are not to
 * blame.
 */
export const CRASHES_AT_ONE_PLACE = 3;

/**
 * Exit codes of the trainer process: the machine-readable half of an attempt's last words. Batch's
 * `evaluateOnExit` and the outcome classifier both read them. 128 + signal numbers are left to the platform.
 */
export const EXIT_CODES = {
  succeeded: 0,
  'user-error': 64,
  'invalid-architecture': 65,
  diverged: 66,
  'out-of-memory': 67,
  /** The storage service could not be reached within the retry budget; the workflow tries again. */
  lost: 70,
  /** Checkpoint written after a reclaim notice or SIGTERM; Batch starts the next attempt. */
  preempted: 75,
  /** A newer attempt owns the job; this one stopped without writing. */
  fenced: 76,
  /**
   * As `preempted`, but the worker has submitted a replacement already: Batch is not to start another
   * attempt.
   */
  replaced: 77,
} as const;
