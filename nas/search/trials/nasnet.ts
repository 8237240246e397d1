import { z } from 'zod';
import { baselineDecay, reinforced, staleness } from './controller-options.ts';
import { controllerSearch } from './controller-search.ts';

/** Networks of the paper's run. */
const PUBLISHED_EVALUATIONS = 20_000;

const shared = (evaluations: number) => {
  const children = Math.max(1, Math.min(20, Math.round(evaluations / 30)));
  const replicas = Math.max(1, Math.min(25, Math.round(evaluations / (16 * children))));
  return {
    units: z.number().int().min(1).describe("Units of the controller's LSTM.").default(100),
    replicas: z
      .number()
      .int()
      .min(1)
      .describe(
        'Workers share one queue of children in the paper; two rounds overlap here, so that none waits.',
      )
      .default(replicas),
    children: z
      .number()
      .int()
      .min(1)
      .describe('Networks to a minibatch of the controller (20).')
      .default(children),
    shards: z
      .number()
      .int()
      .min(1)
      .describe("Parameter servers that hold the controller's parameters, each a part.")
      .default(1),
    staleness,
    baselineDecay,
  };
};

const rateFor = (published: number, most: number, evaluations: number) =>
  z
    .number()
    .positive()
    .default(Math.min(most, Math.max(published, (published * PUBLISHED_EVALUATIONS) / evaluations)));

/**
 * 1e-5 as in the paper; with the learning rate raised, the policy of fewer networks would settle on the first
 * good ones.
 */
const entropyFor = (fewer: number, evaluations: number) =>
  z
    .number()
    .min(0)
    .default(evaluations < PUBLISHED_EVALUATIONS ? fewer : 1e-5);

const design = { layers: 1, initial: 0.1, reward: (score: number) => score };

const NOTES =
  'one-layer LSTM controller of 100 units, moving-average baseline 0.95, minibatches of 20 (§A.2). Deviations: decisions of the ' +
  'same meaning share their softmax and embedding; advantages are divided by the rewards’ running spread; with fewer networks ' +
  'than the paper’s 20,000 the learning rate is higher, the minibatch smaller and the weight of the entropy greater.';

const ppoOptions = (evaluations: number) =>
  z.strictObject({
    ...shared(evaluations),
    entropyWeight: entropyFor(0.05, evaluations).describe("Weight of the policy's entropy in the reward."),
    learningRate: rateFor(3.5e-4, 0.01, evaluations).describe("Adam's (3.5e-4 in the paper)."),
    epochs: z.number().int().min(1).describe('Passes over a minibatch.').default(5),
    clip: z
      .number()
      .positive()
      .lt(1)
      .describe("Bound of the probabilities' ratio in PPO; null: REINFORCE, without one.")
      .default(0.2),
  });

/** The NASNet controller trained by proximal policy optimisation. */
export const nasnetPpo = controllerSearch<z.infer<ReturnType<typeof ppoOptions>>>({
  name: 'nasnet-ppo',
  source: `Zoph et al. 2018, "Learning Transferable Architectures for Scalable Image Recognition", §3 and §A.2: PPO, ${NOTES}`,
  options: ppoOptions,
  design,
});

const reinforceOptions = (evaluations: number) =>
  z.strictObject({
    ...shared(evaluations),
    entropyWeight: entropyFor(0.1, evaluations).describe("Weight of the policy's entropy in the reward."),
    learningRate: rateFor(3.5e-4, 0.01, evaluations).describe(
      "Step size of the optimizer of the strategy's own model.",
    ),
    ...reinforced,
  });

/** The same controller trained by REINFORCE, as the paper's earlier experiments were. */
export const nasnetReinforce = controllerSearch<z.infer<ReturnType<typeof reinforceOptions>>>({
  name: 'nasnet-reinforce',
  source: `Zoph et al. 2018, "Learning Transferable Architectures for Scalable Image Recognition", §3: REINFORCE, ${NOTES}`,
  options: reinforceOptions,
  design,
});
