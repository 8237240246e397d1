import { z } from 'zod';
import {
  ascend,
  decisionsOf,
  refusesWithoutDecisions,
  samplePolicy,
  uniformPolicy,
} from './factorised-policy.ts';
import type { Policy } from './factorised-policy.ts';
import { advantage, freshScale, updateScale, worseOf } from './reward-scale.ts';
import type { RewardScale } from './reward-scale.ts';
import type { StrategyDefinition } from '../strategy.ts';

const options = () =>
  z.strictObject({
    learningRate: z
      .number()
      .positive()
      .describe("Step size of the optimizer of the strategy's own model.")
      .default(0.1),
    baselineDecay: z
      .number()
      .min(0)
      .lt(1)
      .describe('Decay of the moving-average baseline (and spread).')
      .default(0.9),
    entropyWeight: z.number().min(0).describe("Weight of the policy's entropy in the reward.").default(0.1),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Model = { readonly policy: Policy; readonly scale: RewardScale; readonly worst: number | null };

/**
 * Policy gradient with a moving-average baseline. Williams 1992; as the REINFORCE of Dong & Yang 2020
 * (NAS-Bench-201, §4) the policy is one softmax for each decision. Deviations: plain ascent instead of Adam;
 * the advantage is divided by the rewards' running spread and held within ±3, so that one learning rate
 * serves any score's unit. An infeasible network counts as the worst score so far.
 */
export const reinforce: StrategyDefinition<Options, Model> = {
  name: 'reinforce',
  source:
    'Williams 1992, "Simple Statistical Gradient-Following Algorithms"; Zoph & Le 2017, §3.2; policy of Dong & Yang 2020, §4',
  repeats: 'Williams 1992: draws of a policy are independent, and repeat as it converges',
  options,
  refuses: refusesWithoutDecisions,
  init: ({ space }) => ({ policy: uniformPolicy(decisionsOf(space).sizes), scale: freshScale, worst: null }),
  propose: ({ policy }, { space, random }) => ({ genotype: samplePolicy(policy, space, random) }),
  learn: (model, results, { space, options: { learningRate, baselineDecay, entropyWeight } }) =>
    results.reduce((at, { trial, score }) => {
      const worst = worseOf(at.worst, score);
      const reward = score ?? worst;
      if (reward === null) return at;
      return {
        policy: ascend(
          at.policy,
          decisionsOf(space).toChoices(trial.genotype),
          advantage(at.scale, reward),
          entropyWeight,
          learningRate,
        ),
        scale: updateScale(at.scale, reward, baselineDecay),
        worst,
      };
    }, model),
};
