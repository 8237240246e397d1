import { z } from 'zod';

/** The recurrent controller and its training; defaults as Pham et al. 2018, §3 and §2.2. */
const controller = z.strictObject({
  hiddenUnits: z.number().int().min(1).default(100),
  /** Of Adam. */
  learningRate: z.number().positive().default(3.5e-4),
  /** Of Adam; this and ε as in the authors' code (`utils.py:218`), of which the paper says nothing. */
  beta1: z.number().min(0).lt(1).default(0),
  /** Of Adam, beside the uncorrected root. */
  epsilon: z.number().positive().default(1e-3),
  /** Steps of the controller after each epoch of the shared weights. */
  updates: z.number().int().min(1).default(2000),
  /** Architectures of one step, each rewarded by its accuracy on one validation minibatch. */
  samples: z.number().int().min(1).default(1),
  /** Logits become tanhConstant · tanh(logits / temperature). */
  temperature: z.number().positive().default(5),
  tanhConstant: z.number().positive().default(2.5),
  /** The constant of the operations' logits, which the authors' micro search divides by 2.5; `tanhConstant` when absent. */
  operationTanhConstant: z.number().positive().optional(),
  /** Weight of the entropy (nats) in the reward; the macro space counts the chosen values alone, as the authors' code. */
  entropyWeight: z.number().min(0).default(1e-4),
  /** Share of the old baseline in the moving average of rewards. */
  baselineDecay: z.number().min(0).lt(1).default(0.99),
  /** Skip connections of the macro space: the probability that they should have, and the weight of the divergence from it. */
  skipTarget: z.number().gt(0).lt(1).default(0.4),
  skipWeight: z.number().min(0).default(0.8),
});

/** ENAS (Pham et al. 2018): shared weights and a controller in turns. */
export const enas = z.strictObject({
  name: z.literal('enas'),
  controller: controller.prefault({}),
  /** Architectures drawn from the trained controller, each scored on one validation minibatch (§2.2). */
  candidates: z.number().int().min(1).default(10),
});
export type EnasStrategy = z.infer<typeof enas>;
