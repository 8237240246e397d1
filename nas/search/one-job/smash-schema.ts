import { z } from 'zod';

/** The network that generates weights; defaults as the authors' code. */
const hypernet = z.strictObject({
  layers: z
    .array(z.number().int().min(0))
    .length(3)
    .describe('Convolutions of its three dense blocks.')
    .default([8, 10, 4]),
  growth: z.number().int().min(1).describe('Filters of each.').default(10),
});

/** SMASH (Brock et al. 2018): weights by a HyperNet; defaults as the authors' code. */
export const smash = z.strictObject({
  name: z.literal('smash').describe('SMASH (Brock et al. 2018): weights by a HyperNet.'),
  hypernet: hypernet.describe('The network that generates weights.').prefault({}),
  candidates: z
    .number()
    .int()
    .min(1)
    .describe('Architectures sampled and scored when training is over.')
    .default(500),
  perturbations: z
    .number()
    .int()
    .min(0)
    .describe('Perturbations of the best of them, scored next.')
    .default(100),
  chain: z
    .number()
    .int()
    .min(0)
    .describe('Then steps of a Markov chain: each perturbs the best architecture so far.')
    .default(100),
  scoreMinibatches: z
    .number()
    .int()
    .min(1)
    .describe(
      'Validation minibatches that score an architecture, the same for all; the whole validation set when absent.',
    )
    .optional(),
});
export type SmashStrategy = z.infer<typeof smash>;
