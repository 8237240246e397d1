import type { ScoredGenotype } from '../job/job.ts';
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

/** A cell trained from scratch and scored on validation data. */
export interface TrainedCell {
  readonly jobId: string;
  readonly genotype: string;
  readonly score: number;
}

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
