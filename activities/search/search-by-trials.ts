import { setImmediate } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { CANCEL_REASON } from '../../nas/job/classify.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import type { JobReport, PlannedTrial } from '../../nas/job/job-report.ts';
import type { Outcome } from '../../nas/job/outcome.ts';
import { trialJob } from '../../nas/protocol/plan.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { isBlackBox, optionsOf } from '../../nas/search/strategy-schema.ts';
import type { TrialEnd, TrialEvent } from '../../nas/search/trial-log.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { BEYOND_LIMITS, endUnder } from '../../nas/search/objective.ts';
import type { StrategyPorts } from '../../nas/search/strategy.ts';
import { createTrialSearch } from '../../nas/search/trial-search.ts';
import type { TrialSearch, TrialToRun } from '../../nas/search/trial-search.ts';
import { replaceDocument } from '../../store/json-documents.ts';
import { writeResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { CorruptDocumentError, RESTORE } from '../../store/sealed-document.ts';
import { openTrialLog } from '../../store/trial-log.ts';
import type { LaunchWait } from '../launch/await-launch.ts';
import type { SearchByTrialsInput } from '../contract.ts';
import { isFinal, workerShutdown } from '../failures.ts';
import type { IsBeyondLimits } from './limits.ts';
import type { LookUp } from './look-up.ts';
import { lookUpResult, readRun, summarise } from '../documents/run-documents.ts';
import { createSearchTally } from './search-tally.ts';
import type { SearchTally } from './search-tally.ts';
import { readSteering } from './steering.ts';
import { createThinking } from './thinking.ts';
import type { TrialArrays } from './trial-arrays.ts';

/** What a search by trials works with. */
export interface TrialSearchDependencies {
  readonly store: ObjectStore;
  readonly ports: StrategyPorts;
  /** Trains one network, over as many launches as it takes. Rejects with the signal's reason when aborted. */
  readonly runTrial: (
    run: RunRecord,
    job: PlannedTrial,
    round: string | undefined,
    signal: AbortSignal,
    submitted?: string,
  ) => Promise<TrialRun>;
  /** Submits trials together; absent where each is launched by itself. */
  readonly arrays?: TrialArrays;
  /** Where the task is a benchmark's table: a trial's end without a job. */
  readonly lookUp: (run: RunRecord) => Promise<LookUp | undefined>;
  /** What is refused before it is trained; a look-up knows by itself. */
  readonly limits: (run: RunRecord) => Promise<IsBeyondLimits>;
  /** Why nothing is known of the trials' jobs. */
  readonly waits?: () => LaunchWait | undefined;
}

/** `failed`: a fault that every further trial would repeat, such as a program's own error. */
export type TrialRun =
  | Exclude<TrialEnd, { kind: 'lost' }>
  /** `outcome`: of the trial's last launch. */
  | (Extract<TrialEnd, { kind: 'lost' }> & { readonly outcome?: Outcome })
  | { readonly kind: 'failed'; readonly outcome: Outcome; readonly error: string };

/** What a search keeps of a trial's end. */
const told = (run: Exclude<TrialRun, { kind: 'failed' }>): TrialEnd => {
  if (run.kind !== 'lost') return run;
  const { outcome: _outcome, ...end } = run;
  return end;
};

/** Events that are stored together at most: bounds what a crash repeats where trials are look-ups. */
const EVENTS_AT_ONCE = 1000;
/** Likewise, and keeps the heartbeat going while a strategy thinks long. */
const MILLISECONDS_AT_ONCE = 500;
/** Events between two looks at the clock. */
const EVENTS_A_LOOK = 16;
/** Proposals of one ordinal that may be lost before the search gives up. */
const LOSSES = 3;
/** Also how soon a cancellation and steering are noticed. */
const BEAT_MILLISECONDS = 2_000;

/** Several events, of which any wakes the one that waits; one that came before the wait ends it at once. */
const createBell = () => {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: (): void => {
      rung = true;
      wake?.();
    },
    wait: async (): Promise<void> => {
      if (!rung) await new Promise<void>((resolve) => (wake = resolve));
      rung = false;
      wake = undefined;
    },
  };
};

const isShutdown = (error: unknown): boolean =>
  error instanceof CancelledFailure && error.message === 'WORKER_SHUTDOWN';

/** In slices between which the process does other things, such as saying that it is alive. */
const replay = async (
  search: TrialSearch,
  events: readonly TrialEvent[],
  signal: AbortSignal,
): Promise<void> => {
  let until = performance.now() + MILLISECONDS_AT_ONCE;
  for (const event of events) {
    search.replay([event]);
    if (performance.now() < until) continue;
    await setImmediate();
    signal.throwIfAborted();
    until = performance.now() + MILLISECONDS_AT_ONCE;
  }
};

const openSearch = (
  experiment: Experiment,
  seed: number,
  ports: StrategyPorts,
  tally: SearchTally,
  lookUp: LookUp | undefined,
  isBeyondLimits: IsBeyondLimits,
): TrialSearch => {
  const { strategy, stages } = experiment;
  if (!isBlackBox(strategy)) throw new TypeError(`${strategy.name} does not search by trials`);
  const space = lookUp?.space ?? chosenSpace(experiment.space);
  return createTrialSearch({
    strategy: STRATEGIES[strategy.name].bind(space, ports),
    space,
    evaluations: stages.search.evaluations ?? 0,
    options: optionsOf(strategy),
    seed,
    order: stages.search.order ?? 'reproducible',
    onTold: (asked, told) => tally.add(asked, told),
    ...(lookUp === undefined
      ? { refusal: (genotype) => (isBeyondLimits(genotype) ? BEYOND_LIMITS : undefined) }
      : { lookUp }),
  });
};

/**
 * `searchByTrials` of `ProtocolActivities`: one whole search, from its log on. Everything that a strategy was
 * asked and told is in the log before anything follows from it, trials in flight are found again by the names
 * of their jobs; so the activity may end at any instant, and its next attempt goes on with identical
 * proposals.
 */
export const createSearchByTrials =
  ({ store, ports, runTrial, lookUp: openTable, arrays, limits, waits }: TrialSearchDependencies) =>
  async ({ run: ref, job, round }: SearchByTrialsInput): Promise<JobReport> => {
    const context = Context.current();
    const run = await readRun(store, ref);
    const { experiment } = run;
    const { runId } = run;
    const tally = createSearchTally();
    const thinking = createThinking();

    /** Says that it is alive for as long as the work takes. */
    const heartbeating = async <T>(work: () => Promise<T>): Promise<T> => {
      const alive = setInterval(() => context.heartbeat(), BEAT_MILLISECONDS);
      try {
        return await work();
      } finally {
        clearInterval(alive);
      }
    };

    /** The search as its log has left it; a long one takes a strategy that learns slowly its time again. */
    const reopen = async () => {
      try {
        const search = openSearch(
          experiment,
          job.seed,
          ports,
          tally,
          await openTable(run),
          await limits(run),
        );
        const { events, log, damage } = await openTrialLog(store, runId, job.jobId);
        if (damage !== undefined) {
          // Its copy is damaged too. In order of proposal the rest follows from what is left and from the
          // trials' results; in order of completion it was chance, and the names of the trials after it are
          // taken by other networks.
          if (experiment.stages.search.order === 'completion')
            throw new CorruptDocumentError(
              `log of ${job.jobId} of ${runId}: damaged after ${events.length} events: ${damage}. What a search in order of ` +
                'completion has learnt cannot be found out again',
              { fix: `${RESTORE}, then nas retry ${runId}` },
            );
          context.log.warn(`the log goes on after its ${events.length} intact events: ${damage}`);
        }
        await log.secure();
        await replay(search, events, context.cancellationSignal);
        thinking.replay(events);
        return { search, log };
      } catch (error) {
        throw isShutdown(error) ? workerShutdown() : error;
      }
    };
    const { search, log } = await heartbeating(reopen);

    const bell = createBell();
    const stop = new AbortController();
    const inFlight = new Map<
      string,
      {
        readonly ended: Promise<void>;
        readonly cancel: AbortController;
        /** Batch's id of the first launch, where it is part of an array. */
        readonly submitted: string | undefined;
      }
    >();
    let steering = await readSteering(store, runId, job.jobId);
    let failure: { readonly error: unknown } | { readonly report: JobReport } | undefined;

    const report = (outcome: JobReport['outcome'], rest: Pick<JobReport, 'error' | 'result'>): JobReport => {
      const { attempts, reclaims, seconds } = tally.sums();
      const dollars = (seconds / 3600) * experiment.resources.spotDollarsPerHour;
      const thinkingSeconds = Math.round(thinking.seconds());
      const thought = thinkingSeconds === 0 ? {} : { thinkingSeconds };
      return { job, outcome, attempts, reclaims, seconds, ...thought, dollars, ...rest };
    };

    const start = (trial: TrialToRun, planned: PlannedTrial, submitted: string | undefined): void => {
      const cancel = new AbortController();
      if (steering?.cancelled.includes(planned.jobId) === true)
        cancel.abort(new CancelledFailure('CANCELLED'));
      const signal = AbortSignal.any([stop.signal, cancel.signal]);
      const cancelled = (error: unknown): TrialRun => {
        if (stop.signal.aborted || !cancel.signal.aborted) throw error;
        return { kind: 'lost', reason: 'cancelled' };
      };
      const ended = runTrial(run, planned, round, signal, submitted)
        .catch(cancelled)
        .then((end) => {
          if (end.kind === 'failed')
            failure ??= { report: report(end.outcome, { error: `${planned.jobId}: ${end.error}` }) };
          else if (end.kind === 'lost' && search.losses(trial.ordinal) >= LOSSES - 1)
            failure ??= {
              report: report(end.outcome === 'crashed' ? 'crashed' : 'lost', {
                error: `${planned.jobId}: lost for the ${LOSSES}rd time: ${end.reason}`,
              }),
            };
          else search.settle(trial.id, endUnder(experiment.stages.search.objective, told(end)));
        })
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          inFlight.delete(planned.jobId);
          bell.ring();
        });
      inFlight.set(planned.jobId, { ended, cancel, submitted });
    };

    const startAll = async (
      trials: readonly TrialToRun[],
      together: TrialArrays['submit'] | undefined,
    ): Promise<void> => {
      const planned = trials.map((trial) => trialJob(experiment, job, trial));
      const submitted = await together?.(run, job.jobId, planned, round);
      trials.forEach((trial, i) => {
        const plan = planned[i] as PlannedTrial;
        start(trial, plan, submitted?.get(plan.jobId));
      });
    };

    const steer = async (): Promise<void> => {
      const next = await readSteering(store, runId, job.jobId);
      if (next === undefined || next.version === steering?.version) return;
      steering = next;
      for (const jobId of next.cancelled)
        inFlight.get(jobId)?.cancel.abort(new CancelledFailure('CANCELLED'));
      bell.ring();
    };
    /** Then a score is none of the metric. */
    const isWeighted = Object.keys(experiment.stages.search.objective?.weights ?? {}).length > 0;
    const show = (): Promise<void> => {
      const { told, lost, attempts, reclaims } = tally.sums();
      const best = tally.best();
      return replaceDocument(store, keys.job(runId, job.jobId).progress, {
        step: told - lost,
        trials: told - lost,
        // Of the trials that have ended.
        attempts,
        reclaims,
        totalSteps: experiment.stages.search.evaluations ?? 0,
        phase: `${inFlight.size} trials in flight`,
        stepsPerSecond: 0,
        ...(best === undefined ? {} : isWeighted ? { bestScore: best } : { bestAccuracy: best }),
      });
    };
    const timer = setInterval(() => {
      const wait = waits?.();
      context.heartbeat({
        told: tally.sums().told,
        inFlight: inFlight.size,
        ...(wait === undefined ? {} : { waits: wait }),
      });
      // Both are looked at again two seconds later.
      void Promise.allSettled([steer(), show()]);
    }, BEAT_MILLISECONDS);
    const cancelled = (): void => bell.ring();
    context.cancellationSignal.addEventListener('abort', cancelled, { once: true });

    const advance = (parallelism: number): readonly TrialEvent[] => {
      const events: TrialEvent[] = [];
      const until = performance.now() + MILLISECONDS_AT_ONCE;
      for (;;) {
        const more = search.advance(parallelism, EVENTS_A_LOOK);
        events.push(...more);
        if (more.length === 0 || events.length >= EVENTS_AT_ONCE || performance.now() > until) return events;
      }
    };

    /** Ends or leaves the trials in flight, and waits until nobody works for this search any more. */
    const leave = (reason: CancelledFailure): Promise<void> =>
      heartbeating(async () => {
        const trials = [...inFlight.values()];
        if (reason.message === 'CANCELLED')
          // What this cannot end its trials end one by one.
          await arrays
            ?.end(
              trials.flatMap(({ submitted }) => submitted ?? []),
              `${CANCEL_REASON}: its search has ended`,
            )
            .catch(() => undefined);
        stop.abort(reason);
        await Promise.all(trials.map(({ ended }) => ended));
      });

    try {
      // What the log says is under way has been submitted, alone or together, or was about to be.
      await startAll(search.take(), arrays?.find);
      while (failure === undefined) {
        context.cancellationSignal.throwIfAborted();
        const parallelism =
          steering?.held === true ? 0 : (steering?.parallelism ?? experiment.resources.parallelism);
        const begun = performance.now();
        const advanced = advance(parallelism);
        const events = thinking.add(advanced, (performance.now() - begun) / 1000);
        await log.append(events);
        await startAll(search.take(), arrays?.submit);
        if (search.done) return await finish();
        if (events.length === 0) await bell.wait();
      }
    } catch (error) {
      failure = { error };
    } finally {
      clearInterval(timer);
      context.cancellationSignal.removeEventListener('abort', cancelled);
    }
    if ('report' in failure) {
      await leave(new CancelledFailure('CANCELLED'));
      return failure.report;
    }
    const { error } = failure;
    // A wish to cancel ends the trials, and so does a fault that nobody will try again; whatever else befell
    // this worker, its successor goes on with them.
    const ends = isFinal(error) ? 'CANCELLED' : 'WORKER_SHUTDOWN';
    await leave(error instanceof CancelledFailure ? error : new CancelledFailure(ends));
    throw isShutdown(error) ? workerShutdown() : error;

    async function finish(): Promise<JobReport> {
      const result = tally.result();
      if (result === undefined) {
        const { told, reason = 'nothing was proposed' } = tally.sums();
        return report('invalid-architecture', {
          error: `none of ${told} trials has a score; the last: ${reason}`,
        });
      }
      const uri = store.uri(keys.job(runId, job.jobId).result);
      const summary = search.summary();
      const { identical, mended } = await writeResult(
        store,
        { runId, jobId: job.jobId },
        { ...result, ...(Object.keys(summary).length === 0 ? {} : { summary }) },
      );
      if (!identical) throw ApplicationFailure.nonRetryable(`${uri}: holds another result of this search`);
      if (mended !== undefined) context.log.warn(`written anew: ${mended}`);
      const found = await lookUpResult(store, runId, job.jobId);
      // Damaged in this instant: the next attempt writes it anew.
      if (found.kind !== 'intact') throw new Error(`${uri}: gone`);
      return report('succeeded', { result: summarise(found.stored) });
    }
  };
