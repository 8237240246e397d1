import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import type { TrialsProgress } from '../../nas/job/progress.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { TrialSearch } from '../../nas/search/trial-search.ts';
import { writeResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { lookUpResult, summarise } from '../documents/run-documents.ts';
import type { SearchTally } from './search-tally.ts';
import type { Thinking } from './thinking.ts';

/** What a search has cost so far. */
interface SearchSpending {
  readonly tally: SearchTally;
  readonly thinking: Thinking;
}

/** The report of a search, with what its trials have cost so far. */
export const searchReport = (
  { experiment }: RunRecord,
  job: PlannedJob,
  { tally, thinking }: SearchSpending,
  outcome: JobReport['outcome'],
  rest: Pick<JobReport, 'error' | 'result'>,
): JobReport => {
  const { attempts, reclaims, seconds } = tally.sums();
  const dollars = (seconds / 3600) * experiment.resources.spotDollarsPerHour;
  const thinkingSeconds = Math.round(thinking.seconds());
  const thought = thinkingSeconds === 0 ? {} : { thinkingSeconds };
  return { job, outcome, attempts, reclaims, seconds, ...thought, dollars, ...rest };
};

/** What displays show of a search under way. */
export const searchProgress = (
  { experiment }: RunRecord,
  tally: SearchTally,
  inFlight: number,
): TrialsProgress => {
  const { evaluations = 0, objective } = experiment.stages.search;
  const { told, lost, attempts, reclaims } = tally.sums();
  const best = tally.best();
  // A score that weighs other measures too is none of the metric.
  const isWeighted = Object.keys(objective?.weights ?? {}).length > 0;
  return {
    step: told - lost,
    trials: told - lost,
    attempts,
    reclaims,
    totalSteps: evaluations,
    phase: `${inFlight} trials in flight`,
    stepsPerSecond: 0,
    ...(best === undefined ? {} : isWeighted ? { bestScore: best } : { bestAccuracy: best }),
  };
};

/** Writes the result of a search that is done, and reports it. */
export const finishSearch = async (
  store: ObjectStore,
  run: RunRecord,
  job: PlannedJob,
  search: TrialSearch,
  spending: SearchSpending,
  log: Context['log'],
): Promise<JobReport> => {
  const { tally } = spending;
  const result = tally.result();
  if (result === undefined) {
    const { told, reason = 'nothing was proposed' } = tally.sums();
    return searchReport(run, job, spending, 'invalid-architecture', {
      error: `none of ${told} trials has a score; the last: ${reason}`,
    });
  }
  const { runId } = run;
  const uri = store.uri(keys.job(runId, job.jobId).result);
  const summary = search.summary();
  const { identical, mended } = await writeResult(
    store,
    { runId, jobId: job.jobId },
    { ...result, ...(Object.keys(summary).length === 0 ? {} : { summary }) },
  );
  if (!identical) throw ApplicationFailure.nonRetryable(`${uri}: holds another result of this search`);
  if (mended !== undefined) log.warn(`written anew: ${mended}`);
  const found = await lookUpResult(store, runId, job.jobId);
  // Damaged in this instant: the next attempt writes it anew.
  if (found.kind !== 'intact') throw new Error(`${uri}: gone`);
  return searchReport(run, job, spending, 'succeeded', { result: summarise(found.stored) });
};
