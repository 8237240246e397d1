import type { Json } from '../../core/json.ts';
import type { Likeness } from './kernel-regression.ts';

/** Profiles and distances of one fit, some of them the last fit's. */
export interface Fitting<P> {
  readonly profileOf: (genotype: Json) => P;
  readonly likeness: Likeness<P>;
}

/** Measures by the one profile, then by the other: the order of the two decides how sums round. */
type Distances<P extends object> = WeakMap<P, WeakMap<P, readonly number[]>>;

/**
 * Keeps profiles of networks, and what was measured between them, from one fit to the next: memory is that of
 * two fits, however long the search. Networks are told apart by identity, so that a state that was stored and
 * read again measures anew.
 */
export const keptDistances = <P extends object>(
  profile: (genotype: Json) => P,
  { measures, kernels }: Likeness<P>,
): {
  /** Begins a fit: what neither this fit nor the last one uses is forgotten. */
  renew(): Fitting<P>;
} => {
  const profiles = new WeakMap<object, P>();
  let before: Distances<P> = new WeakMap();
  let now: Distances<P> = new WeakMap();
  const rowOf = (distances: Distances<P>, a: P): WeakMap<P, readonly number[]> => {
    const row = distances.get(a) ?? new WeakMap<P, readonly number[]>();
    distances.set(a, row);
    return row;
  };
  return {
    renew: () => {
      before = now;
      now = new WeakMap();
      return {
        profileOf: (genotype) => {
          const known = profiles.get(genotype as object) ?? profile(genotype);
          profiles.set(genotype as object, known);
          return known;
        },
        likeness: {
          kernels,
          measures: (a, b) => {
            const row = rowOf(now, a);
            const known = row.get(b) ?? before.get(a)?.get(b) ?? measures(a, b);
            row.set(b, known);
            return known;
          },
        },
      };
    },
  };
};
