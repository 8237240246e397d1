import jStat from 'jstat';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { differenceRange } from '../task/metric.ts';
import type { Metric } from '../task/metric.ts';
import type { RankCorrelation, SeedStatistics, Verdict } from './run-view.ts';

/** The standard normal's 97.5 % quantile. */
const Z = 1.959963984540054;

/** Mean, sample standard deviation (0 for a single value) and best of scores. Throws on an empty list. */
export const seedStatistics = (values: readonly number[]): SeedStatistics => {
  if (values.length === 0) throw new RangeError('seedStatistics: no values');
  return {
    mean: mean([...values]),
    sd: values.length > 1 ? sampleStandardDeviation([...values]) : 0,
    n: values.length,
    best: Math.max(...values),
    values: [...values],
  };
};

/**
 * Student's paired 95 % interval of the mean of `a[i] − b[i]`, pairs being training seeds. One pair says
 * nothing about the spread: the interval is then the widest that there can be, [−1, 1] for fractions.
 */
export const pairedInterval = (
  a: readonly number[],
  b: readonly number[],
  widest: readonly [number, number],
): Pick<Verdict, 'interval' | 'meanDifference'> => {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `pairedInterval: ${a.length} and ${b.length} values, expected equally many and at least one`,
    );
  }
  const differences = a.map((value, i) => value - (b[i] as number));
  const meanDifference = mean(differences);
  const n = differences.length;
  if (n === 1) return { meanDifference, interval: widest };
  const half = (jStat.studentt.inv(0.975, n - 1) * sampleStandardDeviation(differences)) / Math.sqrt(n);
  return { meanDifference, interval: [meanDifference - half, meanDifference + half] };
};

/** Rounding error of means of scores: a bound closer to zero than this is zero. */
const ROUNDING = 1e-12;

/** What a 95 % interval of the difference to an opponent says: yes or no only where it excludes zero. */
export const verdictOf = (
  interval: readonly [number, number],
  opponent: string,
): Pick<Verdict, 'kind' | 'text' | 'interval'> => {
  if (interval[0] > ROUNDING) return { kind: 'better', text: `better than ${opponent}`, interval };
  if (interval[1] < -ROUNDING) return { kind: 'worse', text: `worse than ${opponent}`, interval };
  return { kind: 'not-distinguishable', text: `not distinguishable from ${opponent}`, interval };
};

/**
 * Is this cell better than that random cell? The paired 95 % interval of the difference over the training
 * seeds decides. The seeds are trainings of two given cells: they say nothing about how well another search,
 * or another random search, would have chosen.
 */
export const pairedVerdict = (
  winner: readonly number[],
  baseline: readonly number[],
  metric: Metric,
): Verdict => {
  const { interval, meanDifference } = pairedInterval(winner, baseline, differenceRange(metric));
  const n = winner.length;
  return {
    ...verdictOf(interval, `the random cell at n = ${n}`),
    meanDifference,
    n,
  };
};

/** Below this many pairs Fisher's transform is not to be trusted. */
const FIELLER_MINIMUM = 10;
const FIELLER = 'Fieller, Hartley & Pearson 1957: Fisher’s z with variance 0.437 / (n − 4)';
const BOUND = 'conservative: score interval from Kendall’s bound, variance ≤ 2 (1 − τ²) / n';

const tauInterval = (tau: number, n: number): readonly [number, number] => {
  if (n >= FIELLER_MINIMUM) {
    // Perfect agreement is read as half a pair short of it, so that the interval is never a point.
    const limit = 1 - 2 / (n * (n - 1));
    const z = Math.atanh(Math.min(limit, Math.max(-limit, tau)));
    const half = Z * Math.sqrt(0.437 / (n - 4));
    return [Math.tanh(z - half), Math.tanh(z + half)];
  }
  // All T with (τ − T)² ≤ k (1 − T²), k = 2 z² / n: never empty, never a point, within [−1, 1].
  const k = (2 * Z * Z) / n;
  const root = Math.sqrt(k * (1 + k - tau * tau));
  return [Math.max(-1, (tau - root) / (1 + k)), Math.min(1, (tau + root) / (1 + k))];
};

/**
 * Kendall's τ-b (Kendall 1945) between two rankings, ties allowed, with a 95 % interval: Fieller, Hartley &
 * Pearson's (Biometrika 44, 1957) from 10 pairs on; below, all τ compatible with the bound of the variance
 * over all continuous populations (Kendall, Rank Correlation Methods, 4th ed. 1970, §4), which covers at
 * least 95 % and is wide, as so few pairs deserve. Time O(n²).
 */
export const kendallTau = (x: readonly number[], y: readonly number[]): RankCorrelation => {
  if (x.length !== y.length) throw new RangeError(`kendallTau: ${x.length} and ${y.length} values`);
  const n = x.length;
  const method = n >= FIELLER_MINIMUM ? FIELLER : BOUND;
  let score = 0;
  let untiedX = 0;
  let untiedY = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const dx = Math.sign((x[i] as number) - (x[j] as number));
      const dy = Math.sign((y[i] as number) - (y[j] as number));
      score += dx * dy;
      untiedX += Math.abs(dx);
      untiedY += Math.abs(dy);
    }
  }
  if (untiedX === 0 || untiedY === 0) return { interval: [-1, 1], n, method };
  const tau = score / Math.sqrt(untiedX * untiedY);
  return { tau, interval: tauInterval(tau, n), n, method };
};
