import { z } from 'zod';
import { zophLeOptions } from './controller-options.ts';
import { controllerSearch } from './controller-search.ts';

const options = (evaluations: number) =>
  z.strictObject({
    ...zophLeOptions(evaluations, {
      proposals: 'networks',
      published: 12_800,
      learningRate: 6e-4,
      replicas: [
        Math.max(1, Math.min(100, Math.round(evaluations / 128))),
        'K (100 in the paper, of 12,800 networks; as many to a network here).',
      ],
      children: [Math.max(1, Math.min(8, Math.round(evaluations / 40))), 'm.'],
    }),
    growEvery: z
      .number()
      .int()
      .min(1)
      .describe('Trials to a level of depth: 1,600 in the paper, an eighth of smaller budgets.')
      .default(Math.max(1, Math.min(1_600, Math.ceil(evaluations / 8)))),
  });
type Options = z.infer<ReturnType<typeof options>>;

/**
 * Neural architecture search with reinforcement learning. Zoph & Le 2017: two LSTM layers of 35 units,
 * parameters uniform in ±0.08, Adam, REINFORCE with a moving-average baseline (§3.2), anchor points for skip
 * connections (§3.3), reward the cube of the validation accuracy (§4.1), depth growing with the samples
 * (§4.1: from 6 by 2 every 1,600; in a space of levels), and the asynchronous scheme of parameter-server
 * shards, controller replicas and children (§3.2). The best accuracy of the last five epochs is the trial's
 * score where the experiment says `scoreOfLast: 5`. Deviations: decisions of the same meaning share their
 * softmax and embedding; softmax layers have a bias; the anchor point's next input is learnt; advantages are
 * divided by the rewards' running spread and held within ±3; a gradient is one update of all shards; with
 * fewer networks than the paper's the learning rate is higher, an entropy term is added and replicas are
 * fewer.
 */
export const nasRl = {
  ...controllerSearch<Options>({
    name: 'nas-rl',
    source: 'Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning", §3 and §4.1',
    options,
    design: {
      layers: 2,
      initial: 0.08,
      reward: (score) => score ** 3,
    },
    growEvery: ({ growEvery }) => growEvery,
  }),
  needsFractions: 'its reward is the cube of an accuracy (Zoph & Le 2017, §4.1)',
};
