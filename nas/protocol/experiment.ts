import { z } from 'zod';
import { enas } from './enas-schema.ts';
import { augmentationSchema, networkSchema, recipeSchema } from './recipe.ts';
import { smash } from './smash-schema.ts';
import { spaceSchema } from './space-schema.ts';
import { objectiveSchema } from '../strategy/objective.ts';
import { blackBoxSchemas } from './strategy-schema.ts';

const seeds = z.array(z.number().int().min(0)).min(1);

const task = z.strictObject({
  kind: z.literal('image-classification').default('image-classification'),
  /** Name of a data set known to `nas data list`. */
  data: z.string(),
  /** Fraction of the training split held out as validation, stratified by class (DARTS uses half). */
  validationFraction: z.number().gt(0).lt(1).default(0.5),
  /** Seed of the train/validation split, the same for all stages. */
  splitSeed: z.number().int().min(0).default(0),
});

/** Random search with weight sharing (Li & Talwalkar 2019, §3 and §4.2). */
const randomWeightSharing = z.strictObject({
  name: z.literal('random-weight-sharing'),
  /** Cells scored with the shared weights after training. */
  candidates: z.number().int().min(1).default(1000),
  /** Validation minibatches that score each candidate. */
  scoreMinibatches: z.number().int().min(1).default(10),
  /** Rounds of equal size that the candidates are drawn in (§4.2: rounds of 1,000). */
  rounds: z.number().int().min(1).default(1),
  /** Best candidates of each round re-scored on the whole validation set. */
  rescore: z.number().int().min(1).default(10),
  /** Batch-norm statistics that score a cell: the running ones, or those of the minibatch (Dong & Yang 2020, §5). */
  scoreStatistics: z.enum(['running', 'batch']).default('running'),
});

/** How the alphas of a mixture are moved; defaults as DARTS (Liu et al. 2019, §A.1.1). */
const architectureAdam = z.strictObject({
  learningRate: z.number().positive().default(3e-4),
  beta1: z.number().min(0).lt(1).default(0.5),
  beta2: z.number().min(0).lt(1).default(0.999),
  weightDecay: z.number().min(0).default(1e-3),
});

/** What a search watches of the validation loss's curvature in the alphas (Zela et al. 2020, §3 and §4.3). */
const diagnostics = z.strictObject({
  /** Epochs between two measurements of the dominant eigenvalue of its Hessian. */
  hessianEvery: z.number().int().min(1),
  /** Power iterations of a measurement; each passes one minibatch forward and backward twice. */
  iterations: z.number().int().min(2).default(10),
  /** End the search when the eigenvalue has risen to 4/3 of what it was five epochs ago, with the cell of then. */
  earlyStopping: z.boolean().default(false),
});

/** DARTS (Liu et al. 2019): one cell a search seed. */
const darts = z.strictObject({
  name: z.literal('darts'),
  /** Bilevel with or without the second-order term (§2.3), or one of the two ablations on both halves (§3.1.1). */
  optimization: z
    .enum(['second-order', 'first-order', 'coordinate-descent', 'joint-sgd'])
    .default('second-order'),
  /** Adam of the alphas; `joint-sgd` uses the recipe's optimizer instead. */
  architecture: architectureAdam.prefault({}),
  diagnostics: diagnostics.optional(),
});
/** SNAS (Xie et al. 2019): one cell a search seed. */
const snas = z.strictObject({
  name: z.literal('snas'),
  /** Temperature of the concrete distribution, linear in epochs. */
  temperature: z
    .strictObject({
      initial: z.number().positive().default(1),
      final: z.number().positive().default(0.03),
    })
    .prefault({}),
  /** How strongly cells are pushed to few parameters, multiply-adds and memory accesses (§2.4). */
  resourceConstraint: z.enum(['none', 'mild', 'moderate', 'aggressive']).default('mild'),
  architecture: architectureAdam.prefault({}),
});
/** No search: the experiment's `genotype` is what stage 1 would have found. */
const given = z.strictObject({ name: z.literal('given') });
/** Strategies by name, for the documents that hold one of them. */
export const strategies = { randomWeightSharing, darts, snas, enas, smash };
export const strategySchema = z.discriminatedUnion('name', [
  randomWeightSharing,
  darts,
  snas,
  enas,
  smash,
  given,
  ...blackBoxSchemas,
]);

/** A benchmark's table that knows what training would find. */
const searchTable = z.strictObject({
  /** Name of a table known to `nas data list`. */
  name: z.string(),
  /** The column that the strategy learns; higher is better. */
  column: z.string(),
  /** Of the column: percent or fractions in [0, 1]. */
  unit: z.enum(['percent', 'fraction']).default('percent'),
  /** Of the table's bytes; `nas run` fills it in, and refuses a table that has changed. */
  sha256: z.string().optional(),
});

const searchStage = z.strictObject({
  seeds: seeds.default([0, 1, 2, 3]),
  /** Trials of each search of a black-box strategy, which must have it; the others have none. */
  evaluations: z.number().int().min(1).optional(),
  /**
   * When such a strategy learns a result. `reproducible` (when absent): in an order that does not depend on how long jobs
   * take, so that equal runs are equal; `completion`: at once.
   */
  order: z.enum(['reproducible', 'completion']).optional(),
  /**
   * What trials are to have besides a high accuracy: limits and weights of `parameters`, `multiplyAdds` and `latencyMilliseconds`, or of
   * a table's columns.
   */
  objective: objectiveSchema.optional(),
  /** Last epochs of a trial after each of which it is scored; the best of these accuracies is its score. Absent: 1. */
  scoreOfLast: z.number().int().min(1).optional(),
  /** Look trials up instead of training them; stages 2 and 3 train as always. */
  table: searchTable.optional(),
  network: networkSchema.prefault({}),
  recipe: recipeSchema.prefault({}),
  augmentation: augmentationSchema.prefault({}),
});

/** How a found cell is trained: DARTS' final network for CIFAR-10 (Liu et al. 2019, §A.2), of which an experiment may change any part. */
const finalNetwork = networkSchema
  .extend({
    channels: networkSchema.shape.channels.removeDefault().default(36),
    layers: networkSchema.shape.layers.removeDefault().default(20),
  })
  .prefault({});
const finalRecipe = recipeSchema
  .extend({
    epochs: recipeSchema.shape.epochs.removeDefault().default(600),
    batchSize: recipeSchema.shape.batchSize.removeDefault().default(96),
    auxiliaryWeight: recipeSchema.shape.auxiliaryWeight.removeDefault().default(0.4),
    dropPath: recipeSchema.shape.dropPath.removeDefault().default(0.2),
  })
  .prefault({});
const finalAugmentation = augmentationSchema
  .extend({ cutout: augmentationSchema.shape.cutout.removeDefault().default(16) })
  .prefault({});

const retrainStage = z.strictObject({
  /** Best cells of stage 1, over all search seeds, that are retrained from scratch; 0 leaves stage 2 out for a given cell. */
  topK: z.number().int().min(0).default(4),
  /** Training seed of every candidate. */
  seed: z.number().int().min(0).default(0),
  network: finalNetwork,
  recipe: finalRecipe,
  augmentation: finalAugmentation,
});

const evaluateStage = z.strictObject({
  seeds: seeds.default([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  network: finalNetwork,
  recipe: finalRecipe,
  augmentation: finalAugmentation,
  /** Seed of the random cells that spend the baseline's budget. */
  baselineSeed: z.number().int().min(0).default(1000),
});

const resources = z.strictObject({
  /** Batch job queue; the configured default queue when absent. */
  queue: z.string().optional(),
  vcpus: z.number().int().min(1).default(1),
  memoryMiB: z.number().int().min(256).default(4096),
  gpus: z.number().int().min(0).default(0),
  /** TensorFlow threads; part of every checkpoint's identity because results are reproducible per thread count. */
  threads: z.number().int().min(1).default(1),
  /** Jobs of this run that may be in flight at once; as many as the queue has room for when the run starts, where absent. */
  parallelism: z.number().int().min(1).optional(),
  attempts: z.number().int().min(1).max(10).default(10),
  timeoutSeconds: z.number().int().min(60).default(86_400),
  /** Dollars per job hour, for cost estimates and the report; 0 on the embedded stack. */
  spotDollarsPerHour: z.number().min(0).default(0),
  onDemandDollarsPerHour: z.number().min(0).default(0),
});

const checkpoint = z.strictObject({
  /** Seconds between checkpoints; `auto` derives it from measured write time and reclaim rate (Young/Daly). */
  intervalSeconds: z.union([z.literal('auto'), z.number().positive()]).default('auto'),
  /** Additionally, a checkpoint every this many steps (0 = none). Deterministic; used by tests and rehearsals. */
  everySteps: z.number().int().min(0).default(0),
  /** Newest checkpoints kept for each job. */
  keep: z.number().int().min(2).default(3),
});

const budget = z.strictObject({
  dollars: z.number().positive().optional(),
  hours: z.number().positive().optional(),
});

/** A drill of the product's own promise: the named stage-1 job is reclaimed once, `afterCheckpoints` checkpoints in. */
const rehearsal = z.strictObject({
  reclaims: z.number().int().min(0).default(0),
  afterCheckpoints: z.number().int().min(1).default(1),
});

/**
 * A look at stage 1's scores before they are trusted: a stratified sample of its cells is trained shortly, and Kendall's τ between
 * standing and accuracy decides how many cells stage 2 retrains and whether stage 3 waits.
 */
const gate = z.strictObject({
  /** Sampled cells, over all searches: with 8 the interval of τ is about 1.3 wide, with 20 about 0.6. */
  cells: z.number().int().min(4).default(20),
  /** Epochs of each, by stage 2's recipe and network. */
  epochs: z.number().int().min(1),
  /** τ is low unless its whole 95 % interval lies above this; by default unless it is surely above chance. */
  minimumTau: z.number().min(-1).max(1).default(0),
  /** Cells that stage 2 retrains when τ is low. */
  topK: z.number().int().min(1),
  /** When τ is low and stage 3's trainings are expected to cost as much, the run pauses before them until it is resumed. */
  dollars: z.number().min(0).default(0),
});

/** Where the cells of a transferred run come from; `nas transfer` writes it. */
const origin = z.strictObject({
  run: z.string(),
  experimentHash: z.string(),
  /** Data set that the cells were found on. */
  data: z.string(),
  /** The random cell that the origin compared with, printed; stage 3 compares with it again. */
  baseline: z.string(),
});

/** One experiment: the whole protocol in one document, every default beside its field. */
export const experimentSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'allowed: lower-case letters, digits and dashes, at most 48'),
  description: z.string().default(''),
  space: spaceSchema,
  strategy: strategySchema,
  /** Of the strategy `given`: a published name (`DARTS_V2`), a printed genotype, or `random`, drawn with the first search seed. */
  genotype: z.string().optional(),
  origin: origin.optional(),
  gate: gate.optional(),
  task,
  stages: z.strictObject({
    search: searchStage.prefault({}),
    retrain: retrainStage.prefault({}),
    evaluate: evaluateStage.prefault({}),
  }),
  resources: resources.prefault({}),
  checkpoint: checkpoint.prefault({}),
  budget: budget.prefault({}),
  rehearsal: rehearsal.prefault({}),
});
export type Experiment = z.infer<typeof experimentSchema>;
export type ExperimentInput = z.input<typeof experimentSchema>;
