/**
 * How many items at the beginning of a sorted list satisfy `isBefore`, which no item does after one that does
 * not.
 */
const countBefore = <T>(sorted: readonly T[], isBefore: (item: T) => boolean): number => {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBefore(sorted[middle] as T)) from = middle + 1;
    else to = middle;
  }
  return from;
};

/** Position of the first element that is not less than `value`. */
const position = (sorted: readonly string[], value: string): number =>
  countBefore(sorted, (item) => item < value);

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

export const ascending = (a: number, b: number): number => a - b;

/** Adds an item to an ascending list in place, behind those that compare equal; answers where. */
export const insertSorted = <T>(sorted: T[], item: T, compare: (a: T, b: T) => number): number => {
  const at = countBefore(sorted, (other) => compare(other, item) <= 0);
  sorted.splice(at, 0, item);
  return at;
};

/**
 * Where an item stands in an ascending list that holds it; −1 where it does not. No two items compare equal.
 */
export const placeInSorted = <T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number => {
  const at = countBefore(sorted, (other) => compare(other, item) < 0);
  return sorted[at] === item ? at : -1;
};
