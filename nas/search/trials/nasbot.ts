import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import type { Random } from '../../core/random.ts';
import { autoKerasGraphs, nasbotGraphs, type LayerGraph } from '../../space/layer-graph.ts';
import type { Space } from '../../space/space.ts';
import { expectedImprovement } from './bayesian-optimization.ts';
import { drawIndex } from './factorised-policy.ts';
import { keptDistances } from './kept-distances.ts';
import { fitKernelRegression } from './kernel-regression.ts';
import type { Likeness } from './kernel-regression.ts';
import { madeFor } from './made-for.ts';
import { modelGuided, modelOptions } from './model-guided.ts';
import type { Explorer } from './model-guided.ts';
import { otmannDistances, otmannProfile } from './otmann.ts';
import type { OtmannProfile } from './otmann.ts';

const options = (evaluations: number) =>
  z.strictObject({
    ...modelOptions(evaluations),
    candidates: z
      .number()
      .int()
      .min(2)
      .describe('Networks that are compared before one is proposed.')
      .default(100),
    rounds: z
      .number()
      .int()
      .min(1)
      .describe(
        'Rounds of the evolutionary algorithm that maximises the acquisition; each makes `candidates` / rounds mutants.',
      )
      .default(5),
    trainingLimit: z
      .number()
      .int()
      .min(2)
      .describe('Newest trials that the model is fitted to at most.')
      .default(100),
    noise: z.number().positive().describe("Variance of the scores' noise in the model.").default(0.1),
  });
type Options = z.infer<ReturnType<typeof options>>;

/** Values of 1/β and 1/β̄, as shares of the medians of what they divide. */
const LENGTHS = [0.5, 1, 2];

/**
 * α exp(−Σ βᵢ dᵢ) + ᾱ exp(−Σ β̄ᵢ d̄ᵢ²) over distances d and normalised distances d̄; (α, ᾱ) is (1, 0), (0, 1)
 * or (½, ½).
 */
const likeness: Likeness<OtmannProfile> = {
  measures: (a, b) => {
    const distances = otmannDistances(a, b);
    const mass = a.total + b.total;
    return [
      distances.reduce((sum, distance) => sum + distance, 0),
      distances.reduce((sum, distance) => sum + (distance / mass) ** 2, 0),
    ];
  },
  kernels: [
    ...LENGTHS.flatMap((length) => [
      ([plain]: readonly number[]) => Math.exp(-(plain as number) / length),
      ([, normalised]: readonly number[]) => Math.exp(-(normalised as number) / length),
    ]),
    ...LENGTHS.flatMap((length) =>
      LENGTHS.map(
        (other) =>
          ([plain, normalised]: readonly number[]) =>
            (Math.exp(-(plain as number) / length) + Math.exp(-(normalised as number) / other)) / 2,
      ),
    ),
  ],
};

/** From fit to fit most observations stay, and their distances with them. */
const kept = keptDistances((genotype) => otmannProfile(genotype as LayerGraph), likeness);

/** Chances that a mutant is one to five edits away (kirthevasank/nasbot 3c745dc, `opt/nasbot.py:29`). */
const EDITS = [0.5, 0.25, 0.125, 0.075, 0.05];
const mutant = (space: Space, parent: Json, random: Random): Json => {
  const edits = 1 + drawIndex(EDITS, random);
  let genotype = parent;
  for (let edit = 0; edit < edits; edit++) genotype = space.mutate(genotype, random);
  return genotype;
};

/** §4: an evolutionary algorithm on the acquisition, started from the observed networks. */
const evolve: Explorer<Options> = ({ space, genotypes, options: o, rank, taken, random }) => {
  const pool = new Map<string, { readonly genotype: Json; readonly value: number }>(
    genotypes.map((genotype) => [JSON.stringify(genotype), { genotype, value: rank(genotype) }]),
  );
  const perRound = Math.max(1, Math.round(o.candidates / o.rounds));
  for (let round = 0; round < o.rounds; round++) {
    const parents = [...pool.values()].sort((a, b) => b.value - a.value).slice(0, perRound);
    for (let i = 0; i < perRound; i++) {
      // Better ranked parents are drawn more often: the better of two draws.
      const [first, second] = [random.pick(parents), random.pick(parents)];
      const genotype = mutant(space, (first.value > second.value ? first : second).genotype, random);
      const key = JSON.stringify(genotype);
      if (!pool.has(key)) pool.set(key, { genotype, value: rank(genotype) });
    }
  }
  return [...pool].flatMap(([key, { genotype }]) => (taken(key) ? [] : [genotype]));
};

/**
 * Bayesian optimisation over layer graphs with OTMANN distances. Kandasamy et al. 2018, "Neural Architecture
 * Search with Bayesian Optimisation and Optimal Transport", §3 and §4; masses, label costs, path lengths and
 * the four structural weights are those of the authors' code (`otmann.ts` says where). Deviations: one β and
 * one β̄ for all four weights, chosen with α from a small grid by marginal likelihood, where the authors tune
 * each; noise is an option and no hyperparameter; targets are normal scores of ranks; a fit uses at most
 * `trainingLimit` networks and serves a batch, without hallucinated results of running trials; parents are
 * the better of two draws in place of a draw by exponentiated value; the initial networks are samples of the
 * space (plain chains and up to eight edits of them) in place of the authors' twelve (VGG-like, blocked,
 * residual and two-headed).
 */
export const nasbot = modelGuided<Options>({
  name: 'nasbot',
  source:
    'Kandasamy et al. 2018, "Neural Architecture Search with Bayesian Optimisation and Optimal Transport", §3 and §4',
  options,
  refuses: madeFor(
    [nasbotGraphs, autoKerasGraphs],
    'its distance compares graphs of layers (spaces nasbot and auto-keras)',
  ),
  trainingLimit: ({ trainingLimit }) => trainingLimit,
  thinksLong: () => true,
  check: ({ options: { candidates, rounds } }) => {
    if (rounds > candidates)
      throw inputError(
        'strategy.rounds',
        rounds,
        `at most candidates = ${candidates}: a round makes one mutant at least`,
        'lower rounds or raise candidates',
      );
  },
  acquisition: ({ genotypes, targets, options: { noise } }) => {
    const { profileOf, likeness: measured } = kept.renew();
    const process = fitKernelRegression(genotypes.map(profileOf), targets, measured, noise);
    // Of the observations, as in the paper's acquisition, not of the posterior means.
    const best = Math.max(...targets);
    return (candidate) => {
      const { mean, sd } = process.predict(profileOf(candidate));
      return expectedImprovement(mean, sd, best);
    };
  },
  explore: evolve,
});
