import type { Histogram } from './run-report.ts';

/**
 * Equal bins from the smallest to the largest value; one bin of width 0 where all are equal, none without
 * values.
 */
export const histogramOf = (values: readonly number[], bins: number): Histogram => {
  if (values.length === 0) return { from: 0, width: 0, counts: [] };
  const from = Math.min(...values);
  const width = (Math.max(...values) - from) / bins;
  if (width === 0) return { from, width, counts: [values.length] };
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - from) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { from, width, counts };
};
