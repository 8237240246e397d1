import { z } from 'zod';
import { sha256Schema } from '../core/blob.ts';
import { grownSchema } from '../search/inheritance.ts';
import { OUTCOMES } from './outcome.ts';
import { trainingCostSchema } from './program-result.ts';

const count = z.number().int().min(0);

const plannedSearchSchema = z.strictObject({
  kind: z.literal('search'),
  /** Path in the run: `stage-1/seed-0`. */
  jobId: z.string(),
  seed: count,
  /** A black-box strategy's search: not one job, but a job a trial. */
  by: z.literal('trials').exactOptional(),
  /** The strategy may take minutes to propose. */
  thinksLong: z.literal(true).exactOptional(),
});

/** One network that a black-box strategy wants to know the validation score of. */
const plannedTrialSchema = z.strictObject({
  kind: z.literal('trial'),
  /** Below its search: `stage-1/seed-0/trial-000042`. */
  jobId: z.string(),
  /** Of the training: the search's, so that equal networks have equal results. */
  seed: count,
  /** The printed genotype. */
  genotype: z.string(),
  /**
   * Epochs after each of which the network is scored; the trial ends with the last, which may be before the
   * recipe's.
   */
  rungs: z.array(count).readonly(),
  /**
   * The trial that trained the same network up to the rung before the last; this one goes on from its end.
   */
  continues: z.string().exactOptional(),
  /** How its network grew out of that of the trial with this job. */
  inherits: grownSchema.extend({ jobId: z.string() }).exactOptional(),
});
export type PlannedTrial = z.infer<typeof plannedTrialSchema>;

/** The two sides of stage 3. */
const contenderSchema = z.enum(['winner', 'baseline']);
export type Contender = z.infer<typeof contenderSchema>;

const plannedTrainingSchema = z.strictObject({
  /**
   * `gate`: a sampled cell of stage 1, trained shortly; `retrain`: a cell of stage 1 at stage-2 fidelity;
   * `baseline`: a random cell at the same fidelity; `evaluate`: a contender at full fidelity, scored on the
   * test split.
   */
  kind: z.enum(['gate', 'retrain', 'baseline', 'evaluate']),
  jobId: z.string(),
  seed: count,
  /** The printed genotype. */
  genotype: z.string(),
  /** Of an evaluation; absent where 0.1.0 planned it (`contenderOf`). */
  contender: contenderSchema.exactOptional(),
  /**
   * Seed of the search that the job is part of, or whose random search; absent where all searches are
   * compared as one, with one random search.
   */
  search: count.exactOptional(),
});
export type PlannedTraining = z.infer<typeof plannedTrainingSchema>;

/** What one job of a run does; small enough to stand in a workflow's history. */
const plannedJobSchema = z.discriminatedUnion('kind', [
  plannedSearchSchema,
  plannedTrialSchema,
  plannedTrainingSchema,
]);
export type PlannedJob = z.infer<typeof plannedJobSchema>;

/** The part of a result that the protocol's display and history carry; the whole document is in the store. */
const jobResultSummarySchema = z.strictObject({
  uri: z.string(),
  sha256: sha256Schema,
  /** The best cell found (stage 1) or the cell trained. */
  genotype: z.string(),
  /** Score of the task's metric on the split that the job was scored on; named accuracy since 0.1.0. */
  accuracy: z.number(),
  scoredOn: z.enum(['validation', 'test']),
  cost: trainingCostSchema,
});
export type JobResultSummary = z.infer<typeof jobResultSummarySchema>;

/** How one job of a run ended, over all of its launches. */
export const jobReportSchema = z.strictObject({
  job: plannedJobSchema,
  outcome: z.enum(OUTCOMES),
  /** The last words of a job that did not succeed. */
  error: z.string().exactOptional(),
  /** Processes that were started for it, over all launches. */
  attempts: count,
  /** Attempts that ended because the machine was reclaimed. */
  reclaims: count,
  /** Machine seconds of all attempts. */
  seconds: z.number(),
  /** Of a search by trials: what its strategy took to propose and to learn, on the worker. */
  thinkingSeconds: z.number().exactOptional(),
  /** `seconds` at the experiment's spot price. */
  dollars: z.number(),
  /** Present when the job succeeded. */
  result: jobResultSummarySchema.exactOptional(),
});
export type JobReport = z.infer<typeof jobReportSchema>;
