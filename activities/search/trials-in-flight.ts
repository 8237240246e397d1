import { CancelledFailure } from '@temporalio/activity';
import { CANCEL_REASON } from '../../nas/job/classify.ts';
import type { PlannedJob, PlannedTrial } from '../../nas/job/job-report.ts';
import type { Outcome } from '../../nas/job/outcome.ts';
import { trialJob } from '../../nas/protocol/plan.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { endUnder } from '../../nas/search/objective.ts';
import type { TrialSearch, TrialToRun } from '../../nas/search/trial-search.ts';
import type { TrialArrays } from './trial-arrays.ts';
import { endOfRun, type RunTrial, type TrialRun } from './trial-run.ts';

/** Why a search cannot go on: an error, or an outcome of its own. */
export type SearchFailure =
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'outcome'; readonly outcome: Outcome; readonly error: string };

/** The trials of a search that are under way. */
interface TrialsInFlight {
  size(): number;
  /** The first of theirs after which the search cannot go on. */
  failure(): SearchFailure | undefined;
  /** Launches trials that nobody has launched, together as far as that is possible. */
  start(trials: readonly TrialToRun[]): Promise<void>;
  /** Finds the launches of trials that a worker before this one has launched, or was about to. */
  find(trials: readonly TrialToRun[]): Promise<void>;
  /** Ends the trials of these jobs, and none that an earlier call has named. */
  cancel(jobIds: readonly string[]): void;
  /** Ends or leaves all of them, and waits until nobody works for them any more. */
  leave(reason: CancelledFailure): Promise<void>;
}

interface TrialInFlight {
  readonly ended: Promise<void>;
  readonly cancel: AbortController;
  /** Batch's id of the first launch, where it is part of an array. */
  readonly submitted: string | undefined;
}

/** What trials are launched with. */
interface Launching {
  readonly run: RunRecord;
  /** The search's. */
  readonly job: PlannedJob;
  readonly round: string | undefined;
  readonly runTrial: RunTrial;
  /** Absent where each is launched by itself. */
  readonly arrays: TrialArrays | undefined;
}

/** Proposals of one ordinal that may be lost before the search gives up. */
const LOSSES = 3;

/** How the end of a trial ends the whole search, if it does. */
const failureOf = (
  search: TrialSearch,
  { ordinal }: TrialToRun,
  { jobId }: PlannedTrial,
  end: TrialRun,
): SearchFailure | undefined => {
  if (end.kind === 'failed')
    return { kind: 'outcome', outcome: end.outcome, error: `${jobId}: ${end.error}` };
  if (end.kind !== 'lost' || search.losses(ordinal) < LOSSES - 1) return undefined;
  return {
    kind: 'outcome',
    outcome: end.outcome === 'crashed' ? 'crashed' : 'lost',
    error: `${jobId}: lost for the ${LOSSES}rd time: ${end.reason}`,
  };
};

/** None yet; `onEnd` is called after each end that the search has been told. */
export const createTrialsInFlight = (
  { run, job, round, runTrial, arrays }: Launching,
  search: TrialSearch,
  onEnd: () => void,
): TrialsInFlight => {
  const stop = new AbortController();
  const inFlight = new Map<string, TrialInFlight>();
  let cancelled: readonly string[] = [];
  let failure: SearchFailure | undefined;

  const launch = (trial: TrialToRun, planned: PlannedTrial, submitted: string | undefined): void => {
    const { jobId } = planned;
    const cancel = new AbortController();
    if (cancelled.includes(jobId)) cancel.abort(new CancelledFailure('CANCELLED'));
    const orCancelled = (error: unknown): TrialRun => {
      if (stop.signal.aborted || !cancel.signal.aborted) throw error;
      return { kind: 'lost', reason: 'cancelled' };
    };
    const settle = (end: TrialRun): void => {
      const found = failureOf(search, trial, planned, end);
      if (found !== undefined) failure ??= found;
      else if (end.kind !== 'failed')
        search.settle(trial.id, endUnder(run.experiment.stages.search.objective, endOfRun(end)));
    };
    const ended = runTrial(run, planned, round, AbortSignal.any([stop.signal, cancel.signal]), submitted)
      .catch(orCancelled)
      .then(settle)
      .catch((error: unknown) => {
        failure ??= { kind: 'error', error };
      })
      .finally(() => {
        inFlight.delete(jobId);
        onEnd();
      });
    inFlight.set(jobId, { ended, cancel, submitted });
  };

  const launchAll = async (
    trials: readonly TrialToRun[],
    together: TrialArrays['submit'] | undefined,
  ): Promise<void> => {
    const planned = trials.map((trial) => [trial, trialJob(run.experiment, job, trial)] as const);
    const submitted = await together?.(
      run,
      job.jobId,
      planned.map(([, plan]) => plan),
      round,
    );
    for (const [trial, plan] of planned) launch(trial, plan, submitted?.get(plan.jobId));
  };

  return {
    size: () => inFlight.size,
    failure: () => failure,
    start: (trials) => launchAll(trials, arrays?.submit),
    find: (trials) => launchAll(trials, arrays?.find),
    cancel: (jobIds) => {
      cancelled = jobIds;
      for (const jobId of jobIds) inFlight.get(jobId)?.cancel.abort(new CancelledFailure('CANCELLED'));
    },
    leave: async (reason) => {
      const trials = [...inFlight.values()];
      if (reason.message === 'CANCELLED')
        // Trials end one by one what this cannot end.
        await arrays
          ?.end(
            trials.flatMap(({ submitted }) => submitted ?? []),
            `${CANCEL_REASON}: its search has ended`,
          )
          .catch(() => undefined);
      stop.abort(reason);
      await Promise.all(trials.map(({ ended }) => ended));
    },
  };
};
