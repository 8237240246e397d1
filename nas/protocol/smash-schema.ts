import { z } from 'zod';

/** The network that generates weights; defaults as the authors' code. */
const hypernet = z.strictObject({
  /** Convolutions of its three dense blocks. */
  layers: z.array(z.number().int().min(0)).length(3).default([8, 10, 4]),
  /** Filters of each. */
  growth: z.number().int().min(1).default(10),
});

/** SMASH (Brock et al. 2018): weights by a HyperNet; defaults as the authors' code. */
export const smash = z.strictObject({
  name: z.literal('smash'),
  hypernet: hypernet.prefault({}),
  /** Architectures sampled and scored when training is over. */
  candidates: z.number().int().min(1).default(500),
  /** Perturbations of the best of them, scored next. */
  perturbations: z.number().int().min(0).default(100),
  /** Then steps of a Markov chain: each perturbs the best architecture so far. */
  chain: z.number().int().min(0).default(100),
  /** Validation minibatches that score an architecture, the same for all; the whole validation set when absent. */
  scoreMinibatches: z.number().int().min(1).optional(),
});
export type SmashStrategy = z.infer<typeof smash>;
