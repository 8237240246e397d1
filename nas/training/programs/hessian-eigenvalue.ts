import { deriveSeed, randomFromSeed } from '../../core/random.ts';

/** A power iteration under way; plain JSON, part of a program's state. */
export type PowerIteration = {
  /** Unit vector. */
  readonly vector: readonly number[];
  /** Rayleigh quotient of the step before: the estimate of the dominant eigenvalue. */
  readonly eigenvalue: number;
};

/** Distance over which gradients are differenced; alphas are of order 0.01 to 1. */
const DISTANCE = 0.01;

const norm = (vector: readonly number[]): number => Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
const unit = (vector: readonly number[]): number[] => {
  const length = norm(vector);
  return vector.map((v) => v / length);
};

/** A random direction. */
export const startPowerIteration = (size: number, seed: number): PowerIteration => {
  const random = randomFromSeed(deriveSeed(seed, 'power-iteration'));
  return { vector: unit(Array.from({ length: size }, () => random.normal())), eigenvalue: 0 };
};

/**
 * One power iteration on the Hessian of a function whose gradient at a distance along a direction is given:
 * the product with a vector is a central difference of gradients. Converges to the eigenvalue of largest
 * magnitude, with its sign. A Hessian that vanishes along the vector leaves it as it is.
 */
export const powerStep = (
  { vector }: PowerIteration,
  gradientAt: (direction: readonly number[], distance: number) => readonly number[],
): PowerIteration => {
  const above = gradientAt(vector, DISTANCE);
  const below = gradientAt(vector, -DISTANCE);
  const product = above.map((value, i) => (value - (below[i] as number)) / (2 * DISTANCE));
  const eigenvalue = product.reduce((sum, value, i) => sum + value * (vector[i] as number), 0);
  return { vector: norm(product) > 0 ? unit(product) : vector, eigenvalue };
};

export interface Measurement {
  /** From 1. */
  readonly epoch: number;
  readonly eigenvalue: number;
}

/** Epochs over which eigenvalues are averaged, and after which they are compared. */
const WINDOW = 5;
const RATIO = 0.75;

const smoothed = (measurements: readonly Measurement[], epoch: number): number | undefined => {
  const recent = measurements.filter((m) => m.epoch <= epoch && m.epoch > epoch - WINDOW);
  return epoch < 1 || recent.length === 0
    ? undefined
    : recent.reduce((sum, m) => sum + m.eigenvalue, 0) / recent.length;
};

/**
 * The epoch to whose cell an early-stopped search returns, or `undefined` while it goes on: five epochs ago,
 * when the averaged eigenvalue of then is less than 0.75 of the present one (Zela et al. 2020, §4.3).
 * Deviation: averages are over the last five epochs and not centred, because later ones are not known yet.
 */
export const stoppedAt = (measurements: readonly Measurement[]): number | undefined => {
  const now = measurements.at(-1)?.epoch ?? 0;
  const [before, present] = [smoothed(measurements, now - WINDOW), smoothed(measurements, now)];
  return before !== undefined && present !== undefined && present > 0 && before / present < RATIO
    ? now - WINDOW
    : undefined;
};
