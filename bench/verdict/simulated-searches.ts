import type { Random } from '../../nas/core/random.ts';
import type { SearchPair } from '../../nas/protocol/search-verdict.ts';

/** How cells, trainings and validation scatter: standard deviations in points of test accuracy. */
export interface Scatter {
  /** Of the true qualities of cells. */
  readonly cells: number;
  /** Of trainings of one cell. */
  readonly trainings: number;
  /** Of the score that a search chooses by, around the true quality. */
  readonly validation: number;
  /** Cells that a search chooses the best of. */
  readonly among: number;
}

/**
 * Of the size that is known for CIFAR-10: ten trainings of each of six cells of Li & Talwalkar 2019 (broad
 * reproducibility) spread by 0.08 to 0.19; how cells spread is an assumption. The choosing score is mostly
 * noise.
 */
export const USUAL: Scatter = { cells: 0.2, trainings: 0.12, validation: 0.35, among: 8 };

/** True quality of the cell that a search chooses, in points. */
export const chosen = (random: Random, { cells, validation, among }: Scatter): number => {
  let best = { score: Number.NEGATIVE_INFINITY, quality: 0 };
  for (let i = 0; i < among; i++) {
    const quality = cells * random.normal();
    const score = quality + validation * random.normal();
    if (score > best.score) best = { score, quality };
  }
  return best.quality;
};

/** Test accuracies of trainings of a cell, as fractions. */
const trained = (random: Random, quality: number, { trainings }: Scatter, seeds: number): number[] =>
  Array.from({ length: seeds }, () => 0.9 + (quality + trainings * random.normal()) / 100);

interface Simulation {
  readonly search: Scatter;
  /** Of random search; the search's own where absent. */
  readonly baseline?: Scatter;
  /** Points by which winners of the search are better than the cells that it chose. */
  readonly effect?: number;
  /** Training seeds of a winner. */
  readonly seeds: () => number;
}

/** Searches, each with an independent random search. */
export const simulatedPairs = (
  random: Random,
  searches: number,
  { search, baseline = search, effect = 0, seeds }: Simulation,
): SearchPair[] =>
  Array.from({ length: searches }, () => ({
    winner: trained(random, chosen(random, search) + effect, search, seeds()),
    baseline: trained(random, chosen(random, baseline), baseline, seeds()),
  }));

/** Share of `repeats` simulated comparisons of which something is said. */
export const shareOf = (repeats: number, random: Random, says: (random: Random) => boolean): number => {
  let said = 0;
  for (let i = 0; i < repeats; i++) if (says(random)) said++;
  return said / repeats;
};
