import type { Json } from '../../core/json.ts';
import type { Random } from '../../core/random.ts';
import type { Decisions, Space } from '../../space/space.ts';

/** Logits of independent categorical distributions, one list a decision. */
export type Policy = readonly (readonly number[])[];

/** Why a policy over decisions cannot search the space. */
export const refusesWithoutDecisions = (space: Space): string | undefined =>
  space.decisions === undefined ? `it needs genotypes that are fixed lists of choices` : undefined;

export const decisionsOf = (space: Space): Decisions<Json> => {
  if (space.decisions === undefined) throw new TypeError(`${space.name} has no decisions`);
  return space.decisions;
};

export const uniformPolicy = (sizes: readonly number[]): Policy =>
  sizes.map((size) => new Array<number>(size).fill(0));

export const softmax = (logits: readonly number[]): number[] => {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** An index drawn in proportion to `weights` (non-negative, not all zero). */
export const drawIndex = (weights: readonly number[], random: Random): number => {
  let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i] as number;
    if (left < 0) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
};

/**
 * Draws that give no valid genotype are repeated; after this many a uniform sample of the space takes their
 * place.
 */
const MAX_DRAWS = 200;

/** A valid genotype drawn by `choose`, with rejection. */
export const drawValid = (space: Space, random: Random, choose: () => readonly number[]): Json => {
  const decisions = decisionsOf(space);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const genotype = decisions.fromChoices(choose());
    if (genotype !== undefined) return genotype;
  }
  return space.sample(random);
};

export const samplePolicy = (policy: Policy, space: Space, random: Random): Json => {
  const probabilities = policy.map(softmax);
  return drawValid(space, random, () => probabilities.map((weights) => drawIndex(weights, random)));
};

/** Sum over the decisions of log p(choice). */
export const logProbability = (policy: Policy, choices: readonly number[]): number =>
  policy.reduce((sum, logits, i) => sum + Math.log(softmax(logits)[choices[i] as number] as number), 0);

/**
 * The policy after one ascent step on `weight · log p(choices) + entropyWeight · entropy`, both gradients by
 * the closed form of the softmax.
 */
export const ascend = (
  policy: Policy,
  choices: readonly number[],
  weight: number,
  entropyWeight: number,
  learningRate: number,
): Policy =>
  policy.map((logits, i) => {
    const p = softmax(logits);
    const entropy = -p.reduce((sum, x) => sum + x * Math.log(x + 1e-12), 0);
    return logits.map((logit, k) => {
      const x = p[k] as number;
      const logLikelihood = (choices[i] === k ? 1 : 0) - x;
      const entropyGradient = -x * (Math.log(x + 1e-12) + entropy);
      return logit + learningRate * (weight * logLikelihood + entropyWeight * entropyGradient);
    });
  });
