import { z } from 'zod';
import { sha256Schema } from '../core/blob.ts';

/**
 * Training cost that does not depend on the machine, so that an equal budget means the same in every rerun.
 */
export const trainingCostSchema = z.object({
  /** Multiply-adds of all forward passes plus twice that for each backward pass. */
  multiplyAdds: z.number(),
  /** Examples passed forward, training and scoring together; named after those of the first task. */
  images: z.number(),
});
export type TrainingCost = z.infer<typeof trainingCostSchema>;

/**
 * One point of a learning curve. Fields named after accuracy hold scores of the task's metric, higher is
 * better; they have kept the name of the first metric (docs/adr/007). Losses in the task's unit, nats of an
 * image classifier.
 */
const curvePointSchema = z.object({
  epoch: z.number(),
  step: z.number(),
  trainLoss: z.number().exactOptional(),
  trainAccuracy: z.number().exactOptional(),
  validationLoss: z.number().exactOptional(),
  validationAccuracy: z.number().exactOptional(),
  learningRate: z.number().exactOptional(),
  /** What ENAS' controller was like in its steps after the epoch, averaged over the architectures it drew. */
  controller: z
    .object({
      /** Score on validation minibatches. */
      reward: z.number(),
      /** Moving average of the rewards after the last step. */
      baseline: z.number(),
      /** Nats an architecture. */
      entropy: z.number(),
      /** Share of the possible skip connections that were made; macro architectures only. */
      skipRate: z.number().exactOptional(),
    })
    .exactOptional(),
  /**
   * By kind of cell, the weight of each operation on each edge, rows summing to one: the softmax of the
   * alphas.
   */
  edgeWeights: z
    .record(z.string(), z.array(z.array(z.number()).readonly()).readonly())
    .readonly()
    .exactOptional(),
  /** Of the cells that the edge weights stand for, by kind of cell. */
  skipConnects: z.record(z.string(), z.number()).readonly().exactOptional(),
  /** Dominant eigenvalue of the Hessian of a validation minibatch's loss with respect to the alphas. */
  hessianEigenvalue: z.number().exactOptional(),
});
export type CurvePoint = z.infer<typeof curvePointSchema>;

const scoredGenotypeSchema = z.object({
  genotype: z.string(),
  /** Of the task's metric on the validation minibatches; higher is better. */
  score: z.number(),
  /** On the whole validation set, for those re-scored. */
  rescored: z.number().exactOptional(),
});
export type ScoredGenotype = z.infer<typeof scoredGenotypeSchema>;

/**
 * Result of stage 1; wall-clock figures are kept apart in attempt records, so equal runs have equal results.
 */
const searchResultSchema = z.object({
  kind: z.literal('search'),
  /** Candidates, best first (by `rescored`, then `score`). */
  candidates: z.array(scoredGenotypeSchema).min(1).readonly(),
  curve: z.array(curvePointSchema).readonly(),
  cost: trainingCostSchema,
  /** SHA-256 of the final weights. */
  weightsSha256: sha256Schema,
  /** Counts of a black-box strategy's own; absent where it has none. */
  summary: z.record(z.string(), z.number()).readonly().exactOptional(),
});
export type SearchResult = z.infer<typeof searchResultSchema>;

const trainResultSchema = z.object({
  kind: z.literal('train'),
  genotype: z.string(),
  evaluatedOn: z.enum(['validation', 'test']),
  /**
   * Score of the task's metric after the last epoch, or the best one after the last `scoreOfLast`; named
   * accuracy since 0.1.0.
   */
  accuracy: z.number(),
  /** After the last epoch. */
  loss: z.number(),
  curve: z.array(curvePointSchema).readonly(),
  parameters: z.number().int().min(0),
  /** Multiply-adds of one forward pass of one example. */
  multiplyAdds: z.number(),
  /** All intermediate results of one training minibatch, float32. */
  activationBytes: z.number().exactOptional(),
  cost: trainingCostSchema,
  weightsSha256: sha256Schema,
  /** What the trained network makes where it can make what it has learnt, as text. */
  specimen: z.string().exactOptional(),
});
export type TrainResult = z.infer<typeof trainResultSchema>;

/**
 * A job's `result.json`, with a digest beside these fields (`store/job-results.ts`). What range a score may
 * have says the metric of the job's task: `scoreProblem`.
 */
export const programResultSchema = z.discriminatedUnion('kind', [searchResultSchema, trainResultSchema]);
export type ProgramResult = z.infer<typeof programResultSchema>;
