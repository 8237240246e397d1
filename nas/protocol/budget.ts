import { sum } from '../core/sum.ts';
import type { JobReport, PlannedTraining } from '../job/job-report.ts';
import type { BudgetView, Spent } from './run-view.ts';

/** What a training is expected to cost in multiply-adds. */
export type PlannedCost = (job: PlannedTraining) => number;

const meanOf = (numbers: readonly number[]): number => sum(numbers) / Math.max(1, numbers.length);

/**
 * What a job is charged in multiply-adds: what it has counted; where it failed, what it was to cost: its
 * network's training, or what the other searches cost on average.
 */
export const chargeOf = (
  { job, result }: JobReport,
  planned: PlannedCost,
  searched: readonly JobReport[],
): number =>
  result?.cost.multiplyAdds ??
  (job.kind === 'search' || job.kind === 'trial'
    ? meanOf(searched.flatMap((other) => other.result?.cost.multiplyAdds ?? []))
    : planned(job));

/** A training whose result was found, not made, has taken nobody knows how long. */
const isTimed = ({ job, outcome, attempts }: JobReport): boolean =>
  outcome !== 'succeeded' || attempts > 0 || (job.kind === 'search' && job.by === 'trials');

const spentBy = (
  reports: readonly JobReport[],
  planned: PlannedCost,
  searched: readonly JobReport[],
): Spent => ({
  multiplyAdds: sum(reports.map((report) => chargeOf(report, planned, searched))),
  ...(reports.every(isTimed)
    ? { seconds: sum(reports.map(({ seconds, thinkingSeconds = 0 }) => seconds + thinkingSeconds)) }
    : {}),
  jobs: reports.length,
  failed: reports.filter(({ outcome }) => outcome !== 'succeeded').length,
});

/** Jobs by what they were done for. */
interface Paid {
  /** Stages 1 and 2. */
  readonly search: readonly JobReport[];
  /** The random cells of stage 3. */
  readonly random: readonly JobReport[];
}

/** Whether a job is part of the search of this seed, or of its random search. */
const isOf = ({ job }: JobReport, search: number): boolean =>
  job.kind === 'search' ? job.seed === search : 'search' in job && job.search === search;

/** What was done for one search and its random search, or, without a seed, for all. */
export const paidFor = (reports: readonly JobReport[], search?: number): Paid => {
  const own = search === undefined ? reports : reports.filter((report) => isOf(report, search));
  return {
    search: own.filter(({ job }) => ['search', 'gate', 'retrain'].includes(job.kind)),
    random: own.filter(({ job }) => job.kind === 'baseline'),
  };
};

/** What searches and their random searches have cost, failed jobs and the strategy's own time included. */
export const budgetOf = (paid: readonly Paid[], planned: PlannedCost): BudgetView => {
  const search = paid.flatMap((one) => one.search);
  const searched = search.filter(({ job }) => job.kind === 'search');
  return {
    search: spentBy(search, planned, searched),
    random: spentBy(
      paid.flatMap((one) => one.random),
      planned,
      searched,
    ),
  };
};
