import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { sha256 } from './hash.ts';

/** The generator's whole state as plain JSON; storing it and restoring it continues the stream exactly. */
export type RandomState = readonly number[];

/**
 * A seeded stream of random numbers (xoroshiro128+ from pure-rand). All randomness of the product flows
 * through one of these; its state is saved with whatever owns it.
 */
export interface Random {
  /** A uniform integer in [0, n). */
  int(n: number): number;
  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A standard normal number (Box–Muller, one draw a call). */
  normal(): number;
  /** A uniformly chosen element; throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A uniformly shuffled copy (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** `k` distinct elements, uniformly, in random order. */
  sample<T>(items: readonly T[], k: number): T[];
  state(): RandomState;
}

const wrap = (generator: ReturnType<typeof xoroshiro128plusFromState>): Random => {
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`Random.int: n = ${n}, allowed: integers ≥ 1`);
    return uniformInt(generator, 0, n - 1);
  };
  const uniform = (): number => uniformFloat64(generator);
  const shuffle = <T>(items: readonly T[]): T[] => {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = int(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  };
  return {
    int,
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: <T>(items: readonly T[]): T => items[int(items.length)] as T,
    shuffle,
    sample: (items, k) => shuffle(items).slice(0, k),
    state: () => generator.getState(),
  };
};

/**
 * A stream from an integer seed; the seed is hashed to the full 128-bit state, so near seeds are unrelated.
 */
export const randomFromSeed = (seed: number): Random => {
  const digest = sha256(`seed/${seed}`);
  return wrap(
    xoroshiro128plusFromState([0, 8, 16, 24].map((i) => Number.parseInt(digest.slice(i, i + 8), 16) | 0)),
  );
};

/** A stream that continues from a saved state. */
export const randomFromState = (state: RandomState): Random => wrap(xoroshiro128plusFromState(state));

/**
 * An independent 32-bit seed for a named purpose: `deriveSeed(7, 'data-order')`. Adding a purpose never
 * shifts the numbers of another, which a shared stream would.
 */
export const deriveSeed = (seed: number, ...purpose: readonly (string | number)[]): number =>
  Number.parseInt(sha256([seed, ...purpose].join('/')).slice(0, 8), 16) | 0;
