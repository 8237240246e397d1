import { z } from 'zod';
import { baselineDecay } from './controller-options.ts';
import {
  ascend,
  decisionsOf,
  logProbability,
  refusesWithoutDecisions,
  samplePolicy,
  uniformPolicy,
} from './factorised-policy.ts';
import type { Policy } from './factorised-policy.ts';
import { checkPopulation } from './population.ts';
import { advantage, freshScale, updateScale, worseOf } from './reward-scale.ts';
import type { RewardScale } from './reward-scale.ts';
import type { StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    learningRate: z
      .number()
      .positive()
      .describe("Step size of the optimizer of the strategy's own model.")
      .default(0.1),
    clip: z
      .number()
      .positive()
      .lt(1)
      .describe('ε: the ratio of new to old probability counts only within [1 − ε, 1 + ε].')
      .default(0.2),
    epochs: z.number().int().min(1).describe('Passes over a minibatch of trials.').default(5),
    minibatch: z
      .number()
      .int()
      .min(1)
      .describe('Trials to an update (20 in the paper, of 20,000).')
      .default(Math.max(1, Math.min(10, Math.round(evaluations / 10)))),
    baselineDecay,
    entropyWeight: z.number().min(0).describe("Weight of the policy's entropy in the reward.").default(0.05),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Sample = {
  readonly choices: readonly number[];
  readonly advantage: number;
  readonly logProbability: number;
};
type Model = {
  readonly policy: Policy;
  readonly scale: RewardScale;
  readonly worst: number | null;
  /** Trials of the coming update. */
  readonly batch: readonly Sample[];
};

/**
 * Ascent on the clipped surrogate: a sample moves the policy only while its ratio is not yet beyond the clip.
 */
const update = (policy: Policy, batch: readonly Sample[], o: Options): Policy => {
  let next = policy;
  for (let epoch = 0; epoch < o.epochs; epoch++)
    for (const sample of batch) {
      const ratio = Math.exp(logProbability(next, sample.choices) - sample.logProbability);
      const clipped = sample.advantage > 0 ? ratio > 1 + o.clip : ratio < 1 - o.clip;
      next = ascend(
        next,
        sample.choices,
        clipped ? 0 : ratio * sample.advantage,
        o.entropyWeight,
        o.learningRate,
      );
    }
  return next;
};

/**
 * Proximal policy optimisation as NASNet's controller is trained: Schulman et al. 2017, §3 (clipped
 * surrogate); Zoph et al. 2018, §A.2 (moving-average baseline 0.95, minibatches of 20). Deviations: the
 * policy is one softmax for each decision; advantages are divided by the rewards' running spread; minibatches
 * of 10 at a few hundred trials. The probability a trial was drawn with is that of the policy at its
 * proposal, kept in its note.
 */
export const ppo: StrategyDefinition<Options, Model> = {
  name: 'ppo',
  source: 'Schulman et al. 2017, "Proximal Policy Optimization Algorithms", §3; Zoph et al. 2018, §A.2',
  repeats: 'Schulman et al. 2017, §3: draws of a policy are independent, and repeat as it converges',
  options,
  refuses: refusesWithoutDecisions,
  check: ({ options: { minibatch }, evaluations }) => checkPopulation('minibatch', minibatch, evaluations),
  init: ({ space }) => ({
    policy: uniformPolicy(decisionsOf(space).sizes),
    scale: freshScale,
    worst: null,
    batch: [],
  }),
  propose: ({ policy }, { space, random }) => {
    const genotype = samplePolicy(policy, space, random);
    return { genotype, note: logProbability(policy, decisionsOf(space).toChoices(genotype)) };
  },
  learn: (model, results, { space, options: o }) =>
    results.reduce((at, { trial, score }) => {
      const worst = worseOf(at.worst, score);
      const reward = score ?? worst;
      if (reward === null) return at;
      const sample = {
        choices: decisionsOf(space).toChoices(trial.genotype),
        advantage: advantage(at.scale, reward),
        logProbability: trial.note as number,
      };
      const batch = [...at.batch, sample];
      const full = batch.length >= o.minibatch;
      return {
        policy: full ? update(at.policy, batch, o) : at.policy,
        scale: updateScale(at.scale, reward, o.baselineDecay),
        worst,
        batch: full ? [] : batch,
      };
    }, model),
};
