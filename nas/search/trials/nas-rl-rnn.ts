import { z } from 'zod';
import { controllerSearch } from './controller-search.ts';

/** Cells of the paper's run, which its replicas and learning rate are made for (from memory of the paper). */
const PUBLISHED_EVALUATIONS = 15_000;

const options = (evaluations: number) => {
  const scaled = (published: number, share: number): number =>
    Math.max(1, Math.min(published, Math.round(evaluations / share)));
  return z.strictObject({
    units: z.number().int().min(1).describe("Units of each of the controller's layers.").default(35),
    replicas: z
      .number()
      .int()
      .min(1)
      .describe('Rounds under way: K = 400 replicas of one child in the paper, ten of which make an update.')
      .default(scaled(40, 375)),
    children: z
      .number()
      .int()
      .min(1)
      .describe('Cells whose gradients are added up before an update: 10 in the paper.')
      .default(scaled(10, 40)),
    shards: z.number().int().min(1).describe('S: how the parameters are laid out.').default(20),
    staleness: z
      .number()
      .int()
      .min(0)
      .nullable()
      .describe("Updates that a child's controller may be behind; null: one less than `replicas`.")
      .default(null),
    learningRate: z
      .number()
      .positive()
      .describe("Adam's; 5e-4 in the paper, more where fewer cells are to teach as much.")
      .default(Math.min(0.01, Math.max(5e-4, (5e-4 * PUBLISHED_EVALUATIONS) / evaluations))),
    baselineDecay: z
      .number()
      .min(0)
      .lt(1)
      .describe('Share of the old baseline in the moving average of rewards.')
      .default(0.95),
    entropyWeight: z
      .number()
      .min(0)
      .describe(
        'None in the paper; with its learning rate raised, the policy of fewer cells would settle on the first good ones.',
      )
      .default(evaluations < PUBLISHED_EVALUATIONS ? 0.1 : 0),
    epochs: z.literal(1).describe('Updates that each batch of children is used for.').default(1),
    clip: z
      .null()
      .describe("Bound of the probabilities' ratio in PPO; null: REINFORCE, without one.")
      .default(null),
  });
};
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
