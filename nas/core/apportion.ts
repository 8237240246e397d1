/** Why a fraction cannot be taken of every class. */
export type Shortage =
  /** A class has too few to be in both parts. */
  | { readonly kind: 'class'; readonly index: number; readonly size: number }
  /** One of the parts has not one for each class. */
  | { readonly kind: 'total'; readonly taken: number; readonly left: number };

type Apportionment = { readonly kind: 'apportioned'; readonly taken: readonly number[] } | Shortage;

/**
 * How many a fraction of `count` is, halves rounded up; at least one for each class, and one of each left.
 */
export const shareOf = (count: number, fraction: number, classes: number): number =>
  Math.min(Math.max(Math.round(fraction * count), classes), count - classes);

/** Differences that are rounding errors alone are ties, which earlier classes win. */
const TIE = 1e-9;

/**
 * How many of each class make up a fraction of all: the method of largest remainders. `shareOf` all of them
 * are taken together; each class gives the whole part of its share, and classes with the largest remainders
 * give one more, earlier ones first among equals. Every class has at least one in both parts. Equal classes
 * whose share is whole so give exactly it.
 */
export const apportion = (sizes: readonly number[], fraction: number): Apportionment => {
  const small = sizes.findIndex((size) => size < 2);
  if (small !== -1) return { kind: 'class', index: small, size: sizes[small] as number };
  const all = sizes.reduce((sum, size) => sum + size, 0);
  // Where a class's share rounds to none on average, one of each would be another fraction than was asked
  // for.
  const exact = fraction * all;
  if (Math.min(exact, all - exact) < sizes.length / 2) {
    const rounded = Math.round(exact);
    return { kind: 'total', taken: rounded, left: all - rounded };
  }
  const wanted = shareOf(all, fraction, sizes.length);
  const within = (size: number, n: number): number => Math.min(Math.max(n, 1), size - 1);
  const taken = sizes.map((size) => within(size, Math.floor(fraction * size)));
  /** What is owed to a class, in units of one; negative where it has more than its share. */
  const owed = (index: number): number =>
    Math.round((fraction * (sizes[index] as number) - (taken[index] as number)) / TIE) * TIE;
  let missing = wanted - taken.reduce((sum, n) => sum + n, 0);
  // A class that is held to its bounds leaves more than one to the others: then several rounds are needed.
  while (missing !== 0) {
    const step = Math.sign(missing);
    const order = [...sizes.keys()].sort((a, b) => step * (owed(b) - owed(a)));
    for (const index of order) {
      if (missing === 0) break;
      const next = (taken[index] as number) + step;
      if (next !== within(sizes[index] as number, next)) continue;
      taken[index] = next;
      missing -= step;
    }
  }
  return { kind: 'apportioned', taken };
};
