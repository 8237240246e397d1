import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import { autoKerasGraphs, nasbotGraphs, type LayerGraph } from '../../space/layer-graph.ts';
import { keptDistances } from './kept-distances.ts';
import { fitKernelRegression, squaredExponential } from './kernel-regression.ts';
import { madeFor } from './made-for.ts';
import { modelGuided, modelOptions } from './model-guided.ts';
import type { Explorer } from './model-guided.ts';
import { morphismDistance, morphismProfile } from './morphism-distance.ts';

const options = (evaluations: number) =>
  z.strictObject({
    ...modelOptions(evaluations),
    candidates: z
      .number()
      .int()
      .min(2)
      .describe('Most networks that a walk makes; by default its temperature ends it sooner.')
      .default(1000),
    beta: z.number().min(0).describe('β of the upper confidence bound mean + β · sd.').default(2.576),
    temperature: z
      .number()
      .positive()
      .describe('T₀ and the factor r that cools it; the walk ends at `finalTemperature`.')
      .default(1),
    cooling: z
      .number()
      .gt(0)
      .lt(1)
      .describe('What the temperature is multiplied with after each step of the annealing.')
      .default(0.9),
    finalTemperature: z.number().positive().describe('Where the annealing ends.').default(1e-4),
    trainingLimit: z
      .number()
      .int()
      .min(2)
      .describe('Newest trials that the model is fitted to at most.')
      .default(100),
    noise: z.number().positive().describe("Variance of the scores' noise in the model.").default(0.1),
  });
type Options = z.infer<ReturnType<typeof options>>;

/** From fit to fit most observations stay, and their distances with them. */
const kept = keptDistances(
  (genotype) => morphismProfile(genotype as LayerGraph),
  squaredExponential(morphismDistance),
);

/** Morphisms tried of each network that the walk takes from its queue. */
const BRANCHES = 8;

/**
 * Algorithm 1: best-first search over a tree of morphisms with simulated annealing. The queue starts with all
 * observed networks; the best is expanded, and a child joins with probability min(1, exp((value − best) /
 * T)).
 */
const annealedTree: Explorer<Options> = ({ space, genotypes, options: o, rank, taken, random }) => {
  const queue = genotypes.map((genotype) => ({ genotype, value: rank(genotype) }));
  const seen = new Set<string>();
  const found: { genotype: Json; value: number }[] = [];
  let best = Math.max(...queue.map(({ value }) => value));
  for (
    let temperature = o.temperature;
    temperature > o.finalTemperature && queue.length > 0 && found.length < o.candidates;
    temperature *= o.cooling
  ) {
    queue.sort((a, b) => a.value - b.value);
    const { genotype } = queue.pop() as { genotype: Json };
    for (let branch = 0; branch < BRANCHES; branch++) {
      const child = space.mutate(genotype, random);
      const key = JSON.stringify(child);
      if (taken(key) || seen.has(key)) continue;
      seen.add(key);
      const value = rank(child);
      found.push({ genotype: child, value });
      if (random.uniform() < Math.exp((value - best) / temperature)) queue.push({ genotype: child, value });
      best = Math.max(best, value);
    }
  }
  return found.map(({ genotype }) => genotype);
};

/**
 * Bayesian optimisation guiding network morphism. Jin, Song & Hu 2019, "Auto-Keras: An Efficient Neural
 * Architecture Search System", §3: Gaussian process over the edit distance of networks, upper confidence
 * bound, tree-structured maximisation by morphisms (Algorithm 1). β, the last temperature and eight morphisms
 * a step are those of the authors' code (keras-team/autokeras 0076797, `autokeras/constant.py:11–14`).
 * Deviations: children are trained from scratch and inherit no weights, though the paper's morphisms keep the
 * network's function; the walk also ends after `candidates` networks; the kernel is exp(−d² / 2ℓ²) of the
 * distance itself, with noise raised until it is positive definite, in place of Bourgain's embedding; a fit
 * serves a batch.
 */
export const autoKeras = modelGuided<Options>({
  name: 'auto-keras',
  source: 'Jin, Song & Hu 2019, "Auto-Keras: An Efficient Neural Architecture Search System", §3',
  options,
  refuses: madeFor(
    [autoKerasGraphs, nasbotGraphs],
    'its distance compares graphs of layers (spaces auto-keras and nasbot)',
  ),
  trainingLimit: ({ trainingLimit }) => trainingLimit,
  thinksLong: () => true,
  check: ({ options: { temperature, finalTemperature } }) => {
    if (finalTemperature >= temperature)
      throw inputError(
        'strategy.finalTemperature',
        finalTemperature,
        `below the temperature ${temperature} that a walk starts with`,
        'lower finalTemperature, or no network is ever morphed',
      );
  },
  acquisition: ({ genotypes, targets, options: { noise, beta } }) => {
    const { profileOf, likeness } = kept.renew();
    const process = fitKernelRegression(genotypes.map(profileOf), targets, likeness, noise);
    return (candidate) => {
      const { mean, sd } = process.predict(profileOf(candidate));
      return mean + beta * sd;
    };
  },
  explore: annealedTree,
});
