import jStat from 'jstat';
import { z } from 'zod';
import { fitKernelRegression, squaredExponential } from './kernel-regression.ts';
import { modelGuided, modelOptions } from './model-guided.ts';
import type { Acquisition } from './model-guided.ts';

const options = (evaluations: number) =>
  z.strictObject({
    ...modelOptions(evaluations),
    trainingLimit: z
      .number()
      .int()
      .min(2)
      .describe('Observations a fit uses: the better half of them the best, the rest the newest.')
      .default(100),
    noise: z
      .number()
      .positive()
      .describe("Variance of the observation noise, in units of the standardised score's.")
      .default(0.1),
  });
type Options = z.infer<ReturnType<typeof options>>;

const euclidean = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0));

/** E[max(0, f − best)] for f normal; Jones, Schonlau & Welch 1998, eq. 15. */
export const expectedImprovement = (mean: number, sd: number, best: number): number => {
  const z = (mean - best) / sd;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  return sd * (z * jStat.normal.cdf(z, 0, 1) + density);
};

const acquisition: Acquisition<Options> = ({ space, genotypes, targets, options: { noise } }) => {
  const points = genotypes.map((genotype) => space.encode(genotype));
  const process = fitKernelRegression(points, targets, squaredExponential(euclidean), noise);
  return (candidate) => {
    const { mean, sd } = process.predict(space.encode(candidate));
    return expectedImprovement(mean, sd, process.incumbent);
  };
};

/**
 * Gaussian-process search with expected improvement: Snoek, Larochelle & Adams 2012, §2, on the space's own
 * features, with the evolutionary choice of candidates of NASBOT (Kandasamy et al. 2018, §4). The
 * squared-exponential kernel's length scale is the most probable of three; scores enter as normal scores of
 * their ranks. To bound the time, a fit uses at most `trainingLimit` observations and serves a batch of
 * proposals.
 */
export const bayesianOptimization = modelGuided<Options>({
  name: 'bayesian-optimization',
  source: 'Snoek, Larochelle & Adams 2012, "Practical Bayesian Optimization", §2; Kandasamy et al. 2018, §4',
  options,
  trainingLimit: ({ trainingLimit }) => trainingLimit,
  acquisition,
});
