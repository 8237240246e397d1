import { CancelledFailure, Context } from '@temporalio/activity';
import type { JobReport } from '../../nas/job/job-report.ts';
import { trialsProgressSchema } from '../../nas/job/progress.ts';
import type { Steering } from '../../nas/search/steering.ts';
import type { TrialEvent } from '../../nas/search/trial-log.ts';
import type { TrialSearch } from '../../nas/search/trial-search.ts';
import { replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { SearchByTrialsInput } from '../contract.ts';
import { readRun } from '../documents/run-documents.ts';
import { isFinal, workerShutdown } from '../failures.ts';
import type { LaunchWait } from '../launch/await-launch.ts';
import { createBell } from './bell.ts';
import { BEAT_MILLISECONDS, heartbeating, THINKING_MILLISECONDS } from './heartbeat.ts';
import { openSearch, type SearchSources } from './open-search.ts';
import { finishSearch, searchProgress, searchReport } from './search-report.ts';
import { createSearchTally } from './search-tally.ts';
import { readSteering } from './steering.ts';
import { createThinking } from './thinking.ts';
import type { TrialArrays } from './trial-arrays.ts';
import type { RunTrial } from './trial-run.ts';
import { createTrialsInFlight, type SearchFailure } from './trials-in-flight.ts';

/** What a search by trials works with. */
export interface TrialSearchDependencies extends SearchSources {
  readonly runTrial: RunTrial;
  /** Submits trials together; absent where each is launched by itself. */
  readonly arrays?: TrialArrays;
  /** Why nothing is known of the trials' jobs. */
  readonly waits?: () => LaunchWait | undefined;
}

/** Events that are stored together at most: bounds what a crash repeats where trials are look-ups. */
const EVENTS_AT_ONCE = 1000;
/** Events between two looks at the clock. */
const EVENTS_A_LOOK = 16;

type SearchEnd = SearchFailure | { readonly kind: 'done'; readonly report: JobReport };

/** What the search does next, as long as it need not wait and the time lasts. */
const advance = (search: TrialSearch, parallelism: number): readonly TrialEvent[] => {
  const events: TrialEvent[] = [];
  const until = performance.now() + THINKING_MILLISECONDS;
  for (;;) {
    const more = search.advance(parallelism, EVENTS_A_LOOK);
    events.push(...more);
    if (more.length === 0 || events.length >= EVENTS_AT_ONCE || performance.now() > until) return events;
  }
};

const isShutdown = (error: unknown): boolean =>
  error instanceof CancelledFailure && error.message === 'WORKER_SHUTDOWN';

/** What the activity fails with: after a shutdown of this worker another one goes on. */
const thrownFor = (error: unknown): unknown => (isShutdown(error) ? workerShutdown() : error);

/**
 * What becomes of the trials in flight. A wish to cancel ends them, and so does a fault that nobody will try
 * again; whatever else befell this worker, its successor goes on with them.
 */
const reasonToLeave = (failure: SearchFailure): CancelledFailure => {
  if (failure.kind === 'error' && failure.error instanceof CancelledFailure) return failure.error;
  const ends = failure.kind === 'outcome' || isFinal(failure.error);
  return new CancelledFailure(ends ? 'CANCELLED' : 'WORKER_SHUTDOWN');
};

/**
 * `searchByTrials` of `ProtocolActivities`: one whole search, from its log on. Everything that a strategy was
 * asked and told is in the log before anything follows from it, trials in flight are found again by the names
 * of their jobs; so the activity may end at any instant, and its next attempt goes on with identical
 * proposals.
 */
export const createSearchByTrials =
  ({ runTrial, arrays, waits, ...sources }: TrialSearchDependencies) =>
  async ({ run: ref, job, round }: SearchByTrialsInput): Promise<JobReport> => {
    const { store } = sources;
    const context = Context.current();
    const { cancellationSignal } = context;
    const run = await readRun(store, ref);
    const { runId, experiment } = run;
    const tally = createSearchTally();
    const thinking = createThinking();
    const spending = { tally, thinking };
    const { search, log } = await heartbeating(context, () =>
      openSearch(sources, run, job, tally, thinking, context),
    ).catch((error: unknown) => {
      throw thrownFor(error);
    });

    const bell = createBell();
    const trials = createTrialsInFlight({ run, job, round, runTrial, arrays }, search, bell.ring);

    let steering: Steering | undefined;
    const steer = async (): Promise<void> => {
      const next = await readSteering(store, runId, job.jobId);
      if (next === undefined || next.version === steering?.version) return;
      steering = next;
      trials.cancel(next.cancelled);
      bell.ring();
    };
    const show = (): Promise<void> => {
      const key = keys.job(runId, job.jobId).progress;
      return replaceDocument(store, key, trialsProgressSchema, searchProgress(run, tally, trials.size()));
    };
    const beat = (): void => {
      const wait = waits?.();
      context.heartbeat({
        told: tally.sums().told,
        inFlight: trials.size(),
        ...(wait === undefined ? {} : { waits: wait }),
      });
      // Both are looked at again two seconds later.
      void Promise.allSettled([steer(), show()]);
    };

    /** From what is in flight on to the end of the search. */
    const work = async (): Promise<SearchEnd> => {
      // What the log says is under way has been submitted, alone or together, or was about to be.
      await trials.find(search.take());
      for (;;) {
        const failure = trials.failure();
        if (failure !== undefined) return failure;
        cancellationSignal.throwIfAborted();
        const { held = false, parallelism = experiment.resources.parallelism } = steering ?? {};
        const begun = performance.now();
        const advanced = advance(search, held ? 0 : parallelism);
        const events = thinking.add(advanced, (performance.now() - begun) / 1000);
        await log.append(events);
        await trials.start(search.take());
        if (search.done)
          return { kind: 'done', report: await finishSearch(store, run, job, search, spending, context.log) };
        if (events.length === 0) await bell.wait();
      }
    };

    await steer();
    const timer = setInterval(beat, BEAT_MILLISECONDS);
    cancellationSignal.addEventListener('abort', bell.ring, { once: true });
    const ended = await work()
      .catch((error: unknown): SearchEnd => ({ kind: 'error', error }))
      .finally(() => {
        clearInterval(timer);
        cancellationSignal.removeEventListener('abort', bell.ring);
      });
    if (ended.kind === 'done') return ended.report;
    await heartbeating(context, () => trials.leave(reasonToLeave(ended)));
    if (ended.kind === 'error') throw thrownFor(ended.error);
    return searchReport(run, job, spending, ended.outcome, { error: ended.error });
  };
