import jStat from 'jstat';
import { mean, sampleVariance } from 'simple-statistics';

/**
 * Degrees of freedom of the difference of two means (Satterthwaite 1946, Biometrics Bulletin 2; Welch 1947,
 * Biometrika 34). `u` and `v` are the squared standard errors of the means, of `n` and `m` values.
 */
export const satterthwaite = (u: number, n: number, v: number, m: number): number =>
  (u + v) ** 2 / (u ** 2 / (n - 1) + v ** 2 / (m - 1));

/**
 * Welch's 95 % interval of the difference of two means, of samples that are independent and may spread
 * differently (Welch 1947). `undefined` where it does not exist: fewer than two values on a side, or no
 * spread on either.
 */
export const welchInterval = (
  a: readonly number[],
  b: readonly number[],
): readonly [number, number] | undefined => {
  if (a.length < 2 || b.length < 2) return undefined;
  const [u, v] = [sampleVariance([...a]) / a.length, sampleVariance([...b]) / b.length];
  if (!(u + v > 0)) return undefined;
  const half = jStat.studentt.inv(0.975, satterthwaite(u, a.length, v, b.length)) * Math.sqrt(u + v);
  const difference = mean([...a]) - mean([...b]);
  return [difference - half, difference + half];
};
