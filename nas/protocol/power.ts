import jStat from 'jstat';
import type { Metric } from '../task/metric.ts';
import type { Spreads } from './run-view.ts';
import { satterthwaite } from './welch.ts';

/** Searches against as many random searches, each winner with as many trainings. */
interface Design {
  readonly searches: number;
  /** Training seeds of each winner. */
  readonly trainings: number;
  /** Standard deviations, alike on both sides, in the unit of the effect. */
  readonly spreads: Spreads;
}

/** Printed units of a difference to one of scores, for differences that are small. */
export const printedScale = ({ difference }: Metric): number => Math.abs(difference(1e-6)) / 1e-6;

/** An amount of such units: `0.18`, `0.0042`. */
export const printedAmount = (amount: number): string =>
  amount === 0 || amount >= 0.1 ? amount.toFixed(2) : Number(amount.toPrecision(2)).toString();

/** The power that an effect is expected to be seen with. */
export const POWER = 0.8;

/** Searches beyond which nobody goes. */
const MOST = 1000;

/** Points of the quadrature; with 32, powers agree to 0.001. */
const POINTS = 16;

/**
 * Probability that the verdict is `better` when the search is better by `effect`. Under normal scores it is
 * exact: the sum of both variances and their ratio are independent, so that given the ratio, which decides
 * Welch's degrees of freedom, the statistic has a noncentral t distribution of 2 (n − 1) degrees. The ratio's
 * is Beta((n − 1)/2, (n − 1)/2), whose lower half is averaged over.
 */
export const powerOf = (effect: number, { searches: n, trainings, spreads }: Design): number => {
  const sd = Math.hypot(spreads.searches, (spreads.trainings ?? 0) / Math.sqrt(trainings));
  if (!(sd > 0)) return effect > 0 ? 1 : 0;
  const noncentrality = (effect / sd) * Math.sqrt(n / 2);
  let power = 0;
  for (let i = 0; i < POINTS; i++) {
    const share = jStat.beta.inv((i + 0.5) / (2 * POINTS), (n - 1) / 2, (n - 1) / 2);
    const bound = jStat.studentt.inv(0.975, satterthwaite(share, n, 1 - share, n));
    power += 1 - jStat.noncentralt.cdf(bound, 2 * (n - 1), noncentrality);
  }
  return power / POINTS;
};

/** The least number of searches that sees the effect; `undefined` where a thousand do not. */
export const searchesFor = (effect: number, design: Omit<Design, 'searches'>): number | undefined => {
  const sees = (searches: number): boolean => powerOf(effect, { ...design, searches }) >= POWER;
  let enough = 2;
  while (!sees(enough)) {
    if (enough >= MOST) return undefined;
    enough = Math.min(MOST, 2 * enough);
  }
  let few = Math.ceil(enough / 2);
  while (few < enough) {
    const middle = Math.floor((few + enough) / 2);
    if (sees(middle)) enough = middle;
    else few = middle + 1;
  }
  return enough;
};

/** The least effect that the design sees. */
export const visibleEffect = (design: Design): number => {
  const { searches, trainings = 0 } = design.spreads;
  let [low, high] = [0, Math.hypot(searches, trainings)];
  if (high === 0) return 0;
  while (powerOf(high, design) < POWER) [low, high] = [high, 2 * high];
  // To a thousandth of itself.
  while (high - low > high / 1000) {
    const middle = (low + high) / 2;
    if (powerOf(middle, design) < POWER) low = middle;
    else high = middle;
  }
  return high;
};
