import { mean, sampleVariance } from 'simple-statistics';
import { sum } from '../core/sum.ts';
import { differenceRange } from '../task/metric.ts';
import type { Metric } from '../task/metric.ts';
import type { Spreads, Verdict } from './run-view.ts';
import { verdictOf } from './statistics.ts';
import { welchInterval } from './welch.ts';

/** Test scores of one search's winner and of its random search's, each by training seed. */
export interface SearchPair {
  readonly winner: readonly number[];
  readonly baseline: readonly number[];
}

/** Variance of trainings of one cell, pooled over cells; `undefined` where none was trained twice. */
const trainingVariance = (cells: readonly (readonly number[])[]): number | undefined => {
  const repeated = cells.filter(({ length }) => length > 1);
  const degrees = sum(repeated.map(({ length }) => length - 1));
  return degrees === 0
    ? undefined
    : sum(repeated.map((scores) => (scores.length - 1) * sampleVariance([...scores]))) / degrees;
};

/**
 * Standard deviations of the two levels, by the analysis of variance of a nested design (Searle, Casella &
 * McCulloch, Variance Components, 1992, §3.6), averaged over both sides; a negative component counts as 0.
 * Where no winner was trained twice, what trainings add is part of `searches`. Needs at least two pairs.
 */
export const spreadsOf = (pairs: readonly SearchPair[]): Spreads => {
  const sides = [pairs.map(({ winner }) => winner), pairs.map(({ baseline }) => baseline)];
  const trainings = trainingVariance(sides.flat());
  const between = sides.map((cells) => {
    const spread = sampleVariance(cells.map((scores) => mean([...scores])));
    return spread - (trainings ?? 0) * mean(cells.map(({ length }) => 1 / length));
  });
  return {
    searches: Math.sqrt(Math.max(0, mean(between))),
    ...(trainings === undefined ? {} : { trainings: Math.sqrt(trainings) }),
  };
};

/**
 * Is the search better than random search of the same budget? The unit is the search: each winner counts
 * with the mean of its trainings, and Welch's interval of the difference of the two means of these means
 * decides (docs/adr/008). However many trainings a winner has, they are one observation of its search.
 * Throws on fewer than two pairs, of which nothing can be said.
 */
export const searchVerdict = (pairs: readonly SearchPair[], metric: Metric): Verdict => {
  const n = pairs.length;
  if (n < 2) throw new RangeError(`searchVerdict: ${n} searches, expected at least 2`);
  const [found, random] = [
    pairs.map(({ winner }) => mean([...winner])),
    pairs.map(({ baseline }) => mean([...baseline])),
  ];
  // Without any spread the scores are too coarse to say what further searches would find.
  const interval = welchInterval(found, random) ?? differenceRange(metric);
  return {
    ...verdictOf(interval, `random search of the same budget over ${n} searches`),
    meanDifference: mean(found) - mean(random),
    claim: 'search',
    n,
    spreads: spreadsOf(pairs),
  };
};
