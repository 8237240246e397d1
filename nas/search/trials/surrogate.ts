import { z } from 'zod';
import { modelGuided, modelOptions } from './model-guided.ts';
import { fitPerceptron } from './perceptron.ts';

const options = (evaluations: number) =>
  z.strictObject({
    ...modelOptions(evaluations),
    ensemble: z
      .number()
      .int()
      .min(1)
      .describe('Predictors, each trained on its own four fifths of the observations (PNAS, §3.4: five).')
      .default(3),
    hidden: z.number().int().min(1).describe('Units of the hidden layer.').default(16),
    epochs: z.number().int().min(1).describe("Passes of each fit of the strategy's own model.").default(20),
    learningRate: z
      .number()
      .positive()
      .describe("Step size of the optimizer of the strategy's own model.")
      .default(0.01),
    weightDecay: z
      .number()
      .min(0)
      .describe("L2 penalty on the weights of the strategy's own model.")
      .default(1e-3),
    trainingLimit: z.number().int().min(2).describe('Observations a fit uses.').default(200),
  });
type Options = z.infer<ReturnType<typeof options>>;

/**
 * Sequential model-based search with an ensemble of perceptrons as predictor. Liu et al. 2018, "Progressive
 * Neural Architecture Search", §3.3 and §3.4 (MLP ensemble; the best predicted are trained next), without the
 * growth in complexity, which needs a space of levels. Deviations: three small perceptrons that learn by
 * least squares in place of five of 100 units by absolute error, as every batch takes a fit; candidates are
 * mutants of the best and uniform samples; features are the space's; targets are normal scores of ranks,
 * since PNAS judges its predictor by rank as well; networks are ranked by the ensemble's mean plus half its
 * spread.
 */
export const surrogate = modelGuided<Options>({
  name: 'surrogate',
  source: 'Liu et al. 2018, "Progressive Neural Architecture Search", §3.3 and §3.4 (MLP ensemble)',
  options,
  trainingLimit: ({ trainingLimit }) => trainingLimit,
  acquisition: ({ space, genotypes, targets, options: o, random }) => {
    const points = genotypes.map((genotype) => space.encode(genotype));
    const predictors = Array.from({ length: o.ensemble }, () => {
      const share = o.ensemble === 1 ? points.length : Math.max(1, Math.round(0.8 * points.length));
      const chosen = random.sample(
        points.map((_, i) => i),
        share,
      );
      return fitPerceptron(
        chosen.map((i) => points[i] as readonly number[]),
        chosen.map((i) => targets[i] as number),
        o,
        random,
      );
    });
    return (candidate) => {
      const features = space.encode(candidate);
      const values = predictors.map((predict) => predict(features));
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return mean + 0.5 * Math.sqrt(variance);
    };
  },
});
