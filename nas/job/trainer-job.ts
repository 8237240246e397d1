import { EXIT_CODES, OUTCOME_RULES } from './outcome.ts';

/** What a trainer container runs; Batch puts the job document's URI in place of `Ref::job`. */
export const TRAINER_COMMAND = ['node', 'scripts/run.mjs', 'containers/trainer/main.ts', 'Ref::job'] as const;

/** The same for code that lies in a folder instead of an image. */
export const trainerCommand = (root: string): string[] =>
  TRAINER_COMMAND.map((word) => (word.endsWith('.mjs') || word.endsWith('.ts') ? `${root}/${word}` : word));

/**
 * Batch restarts a job for one reason alone: its machine was taken. Everything else ends the job, and whoever
 * owns that outcome's retries decides (see `OUTCOME_RULES`). Rules are tried in order; at most 10 attempts is
 * Batch's own limit.
 */
export const TRAINER_RETRY_STRATEGY = {
  attempts: OUTCOME_RULES.preempted.retries,
  evaluateOnExit: [
    { onStatusReason: 'Host EC2*', action: 'RETRY' as const },
    { onExitCode: String(EXIT_CODES.preempted), action: 'RETRY' as const },
    { onReason: '*', action: 'EXIT' as const },
  ],
};

/** Stands for the Batch job in the name of a lease's holder that a person's command started. */
export const NO_BATCH_JOB = 'local';
