/** Marks of one search that a chart draws at most: more would be one blot, and megabytes. */
const MOST = 2000;

/** Evenly spaced members of a long list, all of a short one. */
export const thinned = <T>(values: readonly T[]): readonly T[] => {
  const every = Math.ceil(values.length / MOST);
  return values.filter((_, i) => i % every === 0);
};
