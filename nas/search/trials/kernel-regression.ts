import { fitGaussianProcess } from './gaussian-process.ts';
import type { GaussianProcess } from './gaussian-process.ts';

/** Noise grows by this factor until the kernel is positive definite: some distances do not promise it. */
const NOISE_GROWTH = 10;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** How alike two things are, from what is measured between them. */
export interface Likeness<P> {
  /** Powers or sums of distances: symmetric, and all zero from a thing to itself. */
  readonly measures: (a: P, b: P) => readonly number[];
  /**
   * Kernels to choose from, of the measures as shares of their medians between observations; one at zero
   * measures.
   */
  readonly kernels: readonly ((shares: readonly number[]) => number)[];
}

/** exp(−d² / 2ℓ²) of one distance d, with length scales ℓ of half, one and twice the median distance. */
export const squaredExponential = <P>(distance: (a: P, b: P) => number): Likeness<P> => ({
  measures: (a, b) => [distance(a, b) ** 2],
  kernels: [0.5, 1, 2].map(
    (scale) =>
      ([share]) =>
        Math.exp(-(share as number) / (2 * scale ** 2)),
  ),
});

/** A Gaussian process over things between which only distances are known. */
interface KernelRegression<P> {
  predict(point: P): { readonly mean: number; readonly sd: number };
  /** The highest posterior mean among the observations: scores are noisy, so not the best observation. */
  readonly incumbent: number;
}

/** Fits the most probable of the kernels. n points take n² / 2 calls of `measures`, and n a prediction. */
export const fitKernelRegression = <P>(
  points: readonly P[],
  targets: readonly number[],
  { measures, kernels }: Likeness<P>,
  noise: number,
): KernelRegression<P> => {
  // Row i: measures to the points before i.
  const lower = points.map((a, i) => points.slice(0, i).map((b) => measures(a, b)));
  const pairs = lower.flat();
  const units = (pairs[0] ?? []).map((_, k) => median(pairs.map((values) => values[k] as number)) || 1);
  const shares = (values: readonly number[]): readonly number[] =>
    values.map((value, k) => value / (units[k] as number));
  const scaled = lower.map((row) => row.map(shares));
  const fits = kernels.map((likeness) => {
    const kernel = points.map(() => new Array<number>(points.length).fill(1));
    scaled.forEach((row, i) =>
      row.forEach((values, j) => {
        const value = likeness(values);
        (kernel[i] as number[])[j] = value;
        (kernel[j] as number[])[i] = value;
      }),
    );
    for (let added = noise; Number.isFinite(added); added *= NOISE_GROWTH) {
      const process = fitGaussianProcess(kernel, targets, added);
      if (process !== undefined) return { likeness, kernel, process };
    }
    throw new RangeError('fitKernelRegression: a distance is not a finite number');
  });
  const best = fits.reduce((a, b) => (b.process.evidence > a.process.evidence ? b : a)) as {
    readonly likeness: (shares: readonly number[]) => number;
    readonly kernel: readonly (readonly number[])[];
    readonly process: GaussianProcess;
  };
  return {
    incumbent: Math.max(...best.kernel.map((row) => best.process.mean(row))),
    predict: (point) =>
      best.process.predict(points.map((other) => best.likeness(shares(measures(point, other))))),
  };
};
