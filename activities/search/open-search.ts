import { setImmediate } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { isBlackBox, optionsOf } from '../../nas/search/strategy-schema.ts';
import type { TrialEvent } from '../../nas/search/trial-log.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { BEYOND_LIMITS } from '../../nas/search/objective.ts';
import type { StrategyPorts } from '../../nas/search/strategy.ts';
import { createTrialSearch, type TrialSearch } from '../../nas/search/trial-search.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { CorruptDocumentError, RESTORE } from '../../store/sealed-document.ts';
import { openTrialLog } from '../../store/trial-log.ts';
import { THINKING_MILLISECONDS } from './heartbeat.ts';
import type { IsBeyondLimits } from './limits.ts';
import type { LookUp } from './look-up.ts';
import type { SearchTally } from './search-tally.ts';
import type { Thinking } from './thinking.ts';

/** What a search is made with. */
export interface SearchSources {
  readonly store: ObjectStore;
  readonly ports: StrategyPorts;
  /** Where the task is a benchmark's table: a trial's end without a job. */
  readonly lookUp: (run: RunRecord) => Promise<LookUp | undefined>;
  /** What is refused before it is trained; a look-up knows by itself. */
  readonly limits: (run: RunRecord) => Promise<IsBeyondLimits>;
}

/** A search as its log has left it. */
interface OpenSearch {
  readonly search: TrialSearch;
  /** Takes what the search says next. */
  readonly log: Awaited<ReturnType<typeof openTrialLog>>['log'];
}

/** In slices, between which the process does other things. */
const replay = async (
  search: TrialSearch,
  events: readonly TrialEvent[],
  signal: AbortSignal,
): Promise<void> => {
  let until = performance.now() + THINKING_MILLISECONDS;
  for (const event of events) {
    search.replay([event]);
    if (performance.now() < until) continue;
    await setImmediate();
    signal.throwIfAborted();
    until = performance.now() + THINKING_MILLISECONDS;
  }
};

/** The search at its beginning; `tally` adds up what its strategy is told. */
const newSearch = async (
  { ports, lookUp: openTable, limits }: SearchSources,
  run: RunRecord,
  seed: number,
  tally: SearchTally,
): Promise<TrialSearch> => {
  const { strategy, space: choice, stages } = run.experiment;
  if (!isBlackBox(strategy)) throw new TypeError(`${strategy.name} does not search by trials`);
  const lookUp = await openTable(run);
  const isBeyondLimits = await limits(run);
  const space = lookUp?.space ?? chosenSpace(choice);
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
 * The search as its log has left it; a long one takes a strategy that learns slowly its time again. Throws
 * `CorruptDocumentError` for a damaged log that nothing can make whole.
 */
export const openSearch = async (
  sources: SearchSources,
  run: RunRecord,
  { jobId, seed }: Pick<PlannedJob, 'jobId' | 'seed'>,
  tally: SearchTally,
  thinking: Thinking,
  context: Context,
): Promise<OpenSearch> => {
  const search = await newSearch(sources, run, seed, tally);
  const { events, log, damage } = await openTrialLog(sources.store, run.runId, jobId);
  if (damage !== undefined) {
    // Its copy is damaged too. In order of proposal the rest follows from what is left and from the trials'
    // results; in order of completion it was chance, and the names of the trials after it are taken by other
    // networks.
    if (run.experiment.stages.search.order === 'completion')
      throw new CorruptDocumentError(
        `log of ${jobId} of ${run.runId}: damaged after ${events.length} events: ${damage}. What a search in order of ` +
          'completion has learnt cannot be found out again',
        { fix: `${RESTORE}, then nas retry ${run.runId}` },
      );
    context.log.warn(`the log goes on after its ${events.length} intact events: ${damage}`);
  }
  await log.secure();
  await replay(search, events, context.cancellationSignal);
  thinking.replay(events);
  return { search, log };
};
