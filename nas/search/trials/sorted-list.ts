/** Position of the first element that is not less than `value`. */
const position = (sorted: readonly string[], value: string): number => {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] as string) < value) from = middle + 1;
    else to = middle;
  }
  return from;
};

/** Whether a sorted list without duplicates has the value; logarithmic in its length. */
export const inSorted = (sorted: readonly string[], value: string): boolean =>
  sorted[position(sorted, value)] === value;

/**
 * The sorted list with the value added: sets that are equal as JSON whatever the order of their additions.
 */
export const addToSorted = (sorted: readonly string[], value: string): readonly string[] => {
  const at = position(sorted, value);
  return sorted[at] === value ? sorted : [...sorted.slice(0, at), value, ...sorted.slice(at)];
};
