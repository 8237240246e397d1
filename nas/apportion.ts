/** Why a fraction cannot be taken of every class. */
export type Shortage =
  /** A class has too few to be in both parts. */
  | { readonly kind: 'class'; readonly index: number; readonly size: number }
  /** One of the parts is smaller than the number of classes. */
  | { readonly kind: 'total'; readonly taken: number; readonly left: number };

export type Apportionment = { readonly kind: 'apportioned'; readonly taken: readonly number[] } | Shortage;

/** How many a fraction of `count` is; halves are rounded up. */
export const shareOf = (count: number, fraction: number): number => Math.round(fraction * count);

/** Differences that are rounding errors alone are ties, which earlier classes win. */
const TIE = 1e-9;

/**
 * How many of each class make up a fraction of all: the method of largest remainders. `shareOf(all, fraction)` are taken
 * together; each class gives the whole part of its share, and classes with the largest remainders give one more, earlier ones
 * first among equals. Every class has at least one in both parts. Equal classes whose share is whole so give exactly it.
 */
export const apportion = (sizes: readonly number[], fraction: number): Apportionment => {
  const small = sizes.findIndex((size) => size < 2);
  if (small !== -1) return { kind: 'class', index: small, size: sizes[small] as number };
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const wanted = shareOf(all, fraction);
  if (wanted < sizes.length || all - wanted < sizes.length)
    return { kind: 'total', taken: wanted, left: all - wanted };
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
