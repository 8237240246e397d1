/**
 * A set of non-negative integers as sorted, disjoint, non-adjacent half-open ranges: small while it has few
 * gaps.
 */
export type Ranges = readonly (readonly [from: number, to: number])[];

export const inRanges = (ranges: Ranges, n: number): boolean =>
  ranges.some(([from, to]) => n >= from && n < to);

/** The set with `n` added. */
export const addToRanges = (ranges: Ranges, n: number): Ranges => {
  if (inRanges(ranges, n)) return ranges;
  const left = ranges.find(([, to]) => to === n);
  const right = ranges.find(([from]) => from === n + 1);
  const merged = [left?.[0] ?? n, right?.[1] ?? n + 1] as const;
  return [...ranges.filter((range) => range !== left && range !== right), merged].sort((a, b) => a[0] - b[0]);
};
