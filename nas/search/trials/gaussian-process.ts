import { CholeskyDecomposition, Matrix } from 'ml-matrix';

/** A fitted Gaussian process with unit prior variance and zero mean. */
export interface GaussianProcess {
  /** log p(targets). */
  readonly evidence: number;
  /** Posterior mean at a point, from its kernel values with the training points. */
  mean(kernelValues: readonly number[]): number;
  /** Mean and standard deviation at a point, from its kernel values with the training points. */
  predict(kernelValues: readonly number[]): { readonly mean: number; readonly sd: number };
}

/**
 * Rasmussen & Williams 2006, Algorithm 2.1. `kernel` is the n × n matrix of the training points with ones on
 * its diagonal, `noise` the variance added there. Undefined if the sum is not positive definite.
 */
export const fitGaussianProcess = (
  kernel: readonly (readonly number[])[],
  targets: readonly number[],
  noise: number,
): GaussianProcess | undefined => {
  const n = targets.length;
  const k = new Matrix(kernel.map((row, i) => row.map((value, j) => (i === j ? value + noise : value))));
  const cholesky = new CholeskyDecomposition(k);
  if (!cholesky.isPositiveDefinite()) return undefined;
  const lower = cholesky.lowerTriangularMatrix.to2DArray();
  const alpha = cholesky.solve(Matrix.columnVector([...targets])).to1DArray();
  const fit = targets.reduce((sum, target, i) => sum + target * (alpha[i] as number), 0);
  const logDeterminant = lower.reduce((sum, row, i) => sum + Math.log(row[i] as number), 0);
  return {
    evidence: -0.5 * fit - logDeterminant - 0.5 * n * Math.log(2 * Math.PI),
    mean: (values) => values.reduce((sum, value, i) => sum + value * (alpha[i] as number), 0),
    predict: (values) => {
      // v = L⁻¹ k by forward substitution: n² / 2 products, where a library's general solve takes n².
      const v = new Float64Array(n);
      let mean = 0;
      let explained = 0;
      for (let i = 0; i < n; i++) {
        const row = lower[i] as number[];
        let sum = values[i] as number;
        mean += sum * (alpha[i] as number);
        for (let j = 0; j < i; j++) sum -= (row[j] as number) * (v[j] as number);
        const entry = sum / (row[i] as number);
        v[i] = entry;
        explained += entry * entry;
      }
      return { mean, sd: Math.sqrt(Math.max(1e-12, 1 - explained)) };
    },
  };
};
