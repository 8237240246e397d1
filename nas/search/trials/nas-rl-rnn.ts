import { z } from 'zod';
import { zophLeOptions } from './controller-options.ts';
import { controllerSearch } from './controller-search.ts';

const options = (evaluations: number) =>
  z.strictObject(
    zophLeOptions(evaluations, {
      proposals: 'cells',
      published: 15_000,
      learningRate: 5e-4,
      replicas: [
        Math.max(1, Math.min(40, Math.round(evaluations / 375))),
        'Rounds under way: K = 400 replicas of one child in the paper, ten of which make an update.',
      ],
      children: [
        Math.max(1, Math.min(10, Math.round(evaluations / 40))),
        'Cells whose gradients are added up before an update: 10 in the paper.',
      ],
    }),
  );
type Options = z.infer<ReturnType<typeof options>>;

/**
 * NAS-RL's search for recurrent cells (Zoph & Le 2017, §3.4 and §4.2): the controller of its convolutional
 * search over the decisions of a tree, rewarded with c / perplexity². A score is −ln of the perplexity, so
 * that the reward is c · exp(2 · score); c = 80 is a factor of all rewards, which their running spread takes
 * out again. Deviations: those of `nas-rl`; the ten gradients of an update are of one round, drawn with the
 * same parameters, where the paper adds up those of ten replicas. The paper's settings are from memory.
 */
export const nasRlRnn = {
  ...controllerSearch<Options>({
    name: 'nas-rl-rnn',
    source: 'Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning", §3.4 and §4.2',
    options,
    design: { layers: 2, initial: 0.08, reward: (score) => Math.exp(2 * score) },
  }),
  needsLosses: 'its reward is a constant over the squared perplexity (Zoph & Le 2017, §4.2)',
};
