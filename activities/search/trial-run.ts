import type { PlannedTrial } from '../../nas/job/job-report.ts';
import type { Outcome } from '../../nas/job/outcome.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { TrialEnd } from '../../nas/search/trial-log.ts';

/** `failed`: a fault that every further trial would repeat, such as a program's own error. */
export type TrialRun =
  | Exclude<TrialEnd, { kind: 'lost' }>
  /** `outcome`: of the trial's last launch. */
  | (Extract<TrialEnd, { kind: 'lost' }> & { readonly outcome?: Outcome })
  | { readonly kind: 'failed'; readonly outcome: Outcome; readonly error: string };

/**
 * Trains one network, over as many launches as it takes; the first may be `submitted` already, as part of an
 * array. Rejects with the signal's reason when aborted.
 */
export type RunTrial = (
  run: RunRecord,
  job: PlannedTrial,
  round: string | undefined,
  signal: AbortSignal,
  submitted?: string,
) => Promise<TrialRun>;

/** What a search keeps of a trial's end. */
export const endOfRun = (run: Exclude<TrialRun, { kind: 'failed' }>): TrialEnd => {
  if (run.kind !== 'lost') return run;
  const { outcome: _outcome, ...end } = run;
  return end;
};
