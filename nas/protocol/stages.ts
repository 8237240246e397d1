import type { ScoredGenotype } from '../job/program-result.ts';
import type { JobReport } from '../job/job-report.ts';
import type { Cell } from '../space/spaces.ts';

/** Result of one search seed, as far as the choice of candidates needs it. */
export interface SearchSeed {
  readonly seed: number;
  /** Best first. */
  readonly candidates: readonly ScoredGenotype[];
}

const proxyScore = (candidate: ScoredGenotype): number => candidate.rescored ?? candidate.score;

/**
 * Stage 1 → 2: the `topK` cells to retrain. Scores of different supernets are not comparable, so the seeds
 * take turns, as in Li & Talwalkar 2019 §4.2, where every search trial sends its best cell: first the best of
 * each seed (in order of their scores), then the second best of each, until `topK` distinct cells are found.
 * Cells that describe the same network (equal `hash`) count once. Ties keep the order of seeds.
 */
export const selectForRetraining = (
  seeds: readonly SearchSeed[],
  topK: number,
  hash: (genotype: string) => string,
): Cell[] => {
  const chosen = new Map<string, Cell>();
  const ranks = Math.max(0, ...seeds.map((s) => s.candidates.length));
  for (let rank = 0; rank < ranks && chosen.size < topK; rank++) {
    const round = seeds
      .flatMap((s) => s.candidates[rank] ?? [])
      .sort((a, b) => proxyScore(b) - proxyScore(a))
      .map((c) => ({ genotype: c.genotype, hash: hash(c.genotype) }));
    for (const cell of round) if (chosen.size < topK && !chosen.has(cell.hash)) chosen.set(cell.hash, cell);
  }
  return [...chosen.values()];
};

/** How many of `total` the `index`-th of `count` gets: equally many each, the first ones one more. */
export const evenShare = (total: number, count: number, index: number): number =>
  Math.floor(total / count) + (index < total % count ? 1 : 0);

/**
 * Stage 1 → 2 where the searches are compared one by one: each sends its own best cells, as many as the
 * others. `planned` are the seeds of all searches: one that is lost changes nothing for the others.
 */
export const selectBySearch = (
  found: readonly SearchSeed[],
  { topK, planned }: { readonly topK: number; readonly planned: readonly number[] },
  hash: (genotype: string) => string,
): readonly { readonly search: number; readonly cells: readonly Cell[] }[] =>
  found.map((one) => ({
    search: one.seed,
    cells: selectForRetraining([one], evenShare(topK, planned.length, planned.indexOf(one.seed)), hash),
  }));

/** A cell trained from scratch and scored on validation data. */
export interface TrainedCell {
  readonly jobId: string;
  readonly genotype: string;
  readonly score: number;
}

/** Cells of the reports that have a validation score; of one search where `search` names it. */
export const trainedCells = (reports: readonly JobReport[], search?: number): TrainedCell[] =>
  reports.flatMap(({ job, result }) =>
    (job.kind === 'retrain' || job.kind === 'baseline') &&
    job.search === search &&
    result?.scoredOn === 'validation'
      ? [{ jobId: job.jobId, genotype: job.genotype, score: result.accuracy }]
      : [],
  );

/** Seeds of the searches whose winners are compared one by one, ascending: those that have one. */
export const comparedSearches = (reports: readonly JobReport[]): number[] => {
  const seeds = reports.flatMap(({ job }) => ('search' in job ? (job.search ?? []) : []));
  return [...new Set(seeds)]
    .filter((search) => trainedCells(reports, search).length > 0)
    .sort((a, b) => a - b);
};

/** Stage 2 → 3 and the baseline's choice: by validation score, best first; ties by job id. */
export const rankByValidation = <T extends TrainedCell>(cells: readonly T[]): T[] =>
  [...cells].sort((a, b) => b.score - a.score || (a.jobId < b.jobId ? -1 : 1));

/** The equal-budget rule's state: everything is in multiply-adds, which are the same on every machine. */
interface BaselineBudget {
  /** What stages 1 and 2 cost together. */
  readonly budget: number;
  /** Cost of each random cell trained so far. */
  readonly spent: readonly number[];
  /** What the random cells after these are expected to cost, as far as there are any. */
  readonly next: Iterable<number>;
}

/**
 * How many further random cells the baseline trains: as many as it takes until it has spent at least as much
 * as the search. At least one cell is always trained. The baseline is therefore never poorer than the search,
 * and richer by less than one cell where cells cost what was expected of them.
 */
export const baselineCellsToAdd = ({ budget, spent, next }: BaselineBudget): number => {
  let left = budget - spent.reduce((sum, cost) => sum + cost, 0);
  let added = 0;
  for (const cost of next) {
    if (spent.length + added > 0 && !(left > 0)) break;
    // Nothing that costs nothing can use a budget up.
    if (!(cost > 0)) return Math.max(added, spent.length === 0 ? 1 : 0);
    left -= cost;
    added++;
  }
  return added;
};
