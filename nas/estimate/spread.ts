import { quantileSorted } from 'simple-statistics';

/** Between which values four of five lie: one in ten is below, one in ten above. */
export type Range = readonly [low: number, high: number];

export const rangeOf = (values: readonly number[]): Range => {
  const sorted = [...values].sort((a, b) => a - b);
  return [quantileSorted(sorted, 0.1), quantileSorted(sorted, 0.9)];
};
