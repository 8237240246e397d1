import type { PnasGenotype } from '../../space/pnas.ts';

export interface ScoredCell {
  readonly genotype: PnasGenotype;
  /** Accuracy in [0, 1]; null where the network failed. */
  readonly score: number | null;
}

/** Logit of the accuracy that a predictor starts from: 0.86. */
export const FIRST_LOGIT = 1.8;

/** Cells of one size and the accuracies to predict. */
export interface Lesson {
  readonly genotypes: readonly PnasGenotype[];
  readonly targets: readonly number[];
}

/**
 * What a predictor learns, size after size from the smallest. A failed network counts as the worst accuracy.
 */
export const lessonsOf = (cells: readonly ScoredCell[]): readonly Lesson[] => {
  const scores = cells.flatMap(({ score }) => (score === null ? [] : [score]));
  const worst = scores.length === 0 ? 0 : Math.min(...scores);
  const sizes = [...new Set(cells.map(({ genotype }) => genotype.length))].sort((a, b) => a - b);
  return sizes.map((size) => {
    const known = cells.filter(({ genotype }) => genotype.length === size);
    return {
      genotypes: known.map(({ genotype }) => genotype),
      targets: known.map(({ score }) => Math.min(1, Math.max(0, score ?? worst))),
    };
  });
};

/** Indices of the cells that one predictor of an ensemble learns from, each predictor its own `share`. */
export const shareOf = (
  { genotypes }: Lesson,
  share: number,
  random: { sample<T>(items: readonly T[], count: number): readonly T[] },
): readonly number[] =>
  random.sample([...genotypes.keys()], Math.max(1, Math.round(share * genotypes.length)));
