import { z } from 'zod';
import { enas } from '../search/one-job/enas-schema.ts';
import { recipeSchema } from '../task/recipe.ts';
import { TASKS } from '../task/tasks.ts';
import { DEFAULT_TASK, taskKinds } from '../task/terms.ts';
import { smash } from '../search/one-job/smash-schema.ts';
import { spaceSchema } from '../space/space-schema.ts';
import { objectiveSchema } from '../search/objective.ts';
import { blackBoxSchemas } from '../search/strategy-schema.ts';

const { sizes: networkSchema, augmentation: augmentationSchema } = TASKS[DEFAULT_TASK];

const seeds = z.array(z.number().int().min(0)).min(1);

const task = z.strictObject({
  kind: z.literal(taskKinds()).describe('What is learnt: classes of images.').default(DEFAULT_TASK),
  data: z.string().describe('Name of a data set known to `nas data list`.'),
  validationFraction: z
    .number()
    .gt(0)
    .lt(1)
    .describe('Fraction of the training split held out as validation, stratified by class (DARTS uses half).')
    .default(0.5),
  splitSeed: z
    .number()
    .int()
    .min(0)
    .describe('Seed of the train/validation split, the same for all stages.')
    .default(0),
});

/** Random search with weight sharing (Li & Talwalkar 2019, §3 and §4.2). */
const randomWeightSharing = z.strictObject({
  name: z
    .literal('random-weight-sharing')
    .describe('Random search with weight sharing (Li & Talwalkar 2019, §3 and §4.2).'),
  candidates: z
    .number()
    .int()
    .min(1)
    .describe('Cells scored with the shared weights after training.')
    .default(1000),
  scoreMinibatches: z
    .number()
    .int()
    .min(1)
    .describe('Validation minibatches that score each candidate.')
    .default(10),
  rounds: z
    .number()
    .int()
    .min(1)
    .describe('Rounds of equal size that the candidates are drawn in (§4.2: rounds of 1,000).')
    .default(1),
  rescore: z
    .number()
    .int()
    .min(1)
    .describe('Best candidates of each round re-scored on the whole validation set.')
    .default(10),
  scoreStatistics: z
    .enum(['running', 'batch'])
    .describe(
      'Batch-norm statistics that score a cell: the running ones, or those of the minibatch (Dong & Yang 2020, §5).',
    )
    .default('running'),
});

/** How the alphas of a mixture are moved; defaults as DARTS (Liu et al. 2019, §A.1.1). */
const architectureAdam = z.strictObject({
  learningRate: z.number().positive().describe('Step size of Adam on the alphas.').default(3e-4),
  beta1: z.number().min(0).lt(1).describe("Decay of Adam's mean of gradients.").default(0.5),
  beta2: z.number().min(0).lt(1).describe("Decay of Adam's mean of squared gradients.").default(0.999),
  weightDecay: z.number().min(0).describe('L2 penalty on the alphas.').default(1e-3),
});

/** What a search watches of the validation loss's curvature in the alphas (Zela et al. 2020, §3 and §4.3). */
const diagnostics = z.strictObject({
  hessianEvery: z
    .number()
    .int()
    .min(1)
    .describe('Epochs between two measurements of the dominant eigenvalue of its Hessian.'),
  iterations: z
    .number()
    .int()
    .min(2)
    .describe('Power iterations of a measurement; each passes one minibatch forward and backward twice.')
    .default(10),
  earlyStopping: z
    .boolean()
    .describe(
      'End the search when the eigenvalue has risen to 4/3 of what it was five epochs ago, with the cell of then.',
    )
    .default(false),
});

/** DARTS (Liu et al. 2019): one cell a search seed. */
const darts = z.strictObject({
  name: z.literal('darts').describe('DARTS (Liu et al. 2019): one cell a search seed.'),
  optimization: z
    .enum(['second-order', 'first-order', 'coordinate-descent', 'joint-sgd'])
    .describe(
      'Bilevel with or without the second-order term (§2.3), or one of the two ablations on both halves (§3.1.1).',
    )
    .default('second-order'),
  architecture: architectureAdam
    .describe("Adam of the alphas; `joint-sgd` uses the recipe's optimizer instead.")
    .prefault({}),
  diagnostics: diagnostics
    .describe(
      "What is watched of the validation loss's curvature in the alphas (Zela et al. 2020); absent: nothing.",
    )
    .optional(),
});
/** SNAS (Xie et al. 2019): one cell a search seed. */
const snas = z.strictObject({
  name: z.literal('snas').describe('SNAS (Xie et al. 2019): one cell a search seed.'),
  temperature: z
    .strictObject({
      initial: z.number().positive().describe('In the first epoch.').default(1),
      final: z.number().positive().describe('In the last epoch.').default(0.03),
    })
    .describe('Temperature of the concrete distribution, linear in epochs.')
    .prefault({}),
  resourceConstraint: z
    .enum(['none', 'mild', 'moderate', 'aggressive'])
    .describe('How strongly cells are pushed to few parameters, multiply-adds and memory accesses (§2.4).')
    .default('mild'),
  architecture: architectureAdam.describe('Adam of the alphas.').prefault({}),
});
/** No search: the experiment's `genotype` is what stage 1 would have found. */
const given = z.strictObject({
  name: z
    .literal('given')
    .describe("No search: the experiment's `genotype` is what stage 1 would have found."),
});
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
  name: z.string().describe('Name of a table known to `nas data list`.'),
  column: z.string().describe('The column that the strategy learns; higher is better.'),
  unit: z
    .enum(['percent', 'fraction'])
    .describe('Of the column: percent or fractions in [0, 1].')
    .default('percent'),
  sha256: z
    .string()
    .describe("Of the table's bytes; `nas run` fills it in, and refuses a table that has changed.")
    .optional(),
});

const searchStage = z.strictObject({
  seeds: seeds.describe('One search a seed.').default([0, 1, 2, 3]),
  evaluations: z
    .number()
    .int()
    .min(1)
    .describe('Trials of each search of a black-box strategy, which must have it; the others have none.')
    .optional(),
  order: z
    .enum(['reproducible', 'completion'])
    .describe(
      'When such a strategy learns a result. `reproducible` (when absent): in an order that does not depend on how long jobs take, so that equal runs are equal; `completion`: at once.',
    )
    .optional(),
  objective: objectiveSchema
    .describe(
      "What trials are to have besides a high accuracy: limits and weights of `parameters`, `multiplyAdds` and `latencyMilliseconds`, or of a table's columns.",
    )
    .optional(),
  scoreOfLast: z
    .number()
    .int()
    .min(1)
    .describe(
      'Last epochs of a trial after each of which it is scored; the best of these accuracies is its score. Absent: 1.',
    )
    .optional(),
  table: searchTable
    .describe('Look trials up instead of training them; stages 2 and 3 train as always.')
    .optional(),
  network: networkSchema
    .describe("Size of the network that searches: the supernet's, or each trial's.")
    .prefault({}),
  recipe: recipeSchema.describe('How it is trained.').prefault({}),
  augmentation: augmentationSchema.describe('How its training images are varied.').prefault({}),
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
    epochs: recipeSchema.shape.epochs
      .removeDefault()
      .describe('Passes over the training images.')
      .default(600),
    batchSize: recipeSchema.shape.batchSize.removeDefault().default(96),
    auxiliaryWeight: recipeSchema.shape.auxiliaryWeight.removeDefault().default(0.4),
    dropPath: recipeSchema.shape.dropPath.removeDefault().default(0.2),
  })
  .prefault({});
const finalAugmentation = augmentationSchema
  .extend({ cutout: augmentationSchema.shape.cutout.removeDefault().default(16) })
  .prefault({});

const retrainStage = z.strictObject({
  topK: z
    .number()
    .int()
    .min(0)
    .describe(
      'Best cells of stage 1, over all search seeds, that are retrained from scratch; 0 leaves stage 2 out for a given cell.',
    )
    .default(4),
  seed: z.number().int().min(0).describe('Training seed of every candidate.').default(0),
  network: finalNetwork.describe("Size of the retrained networks; defaults as DARTS' final network."),
  recipe: finalRecipe.describe("How they are trained; defaults as DARTS' final network."),
  augmentation: finalAugmentation.describe('How their training images are varied.'),
});

const evaluateStage = z.strictObject({
  seeds: seeds
    .describe('Training seeds of both contenders; the verdict pairs them.')
    .default([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  network: finalNetwork.describe("Size of both contenders' networks; defaults as DARTS' final network."),
  recipe: finalRecipe.describe("How they are trained; defaults as DARTS' final network."),
  augmentation: finalAugmentation.describe('How their training images are varied.'),
  baselineSeed: z
    .number()
    .int()
    .min(0)
    .describe("Seed of the random cells that spend the baseline's budget.")
    .default(1000),
});

const resources = z.strictObject({
  queue: z.string().describe('Batch job queue; the configured default queue when absent.').optional(),
  vcpus: z.number().int().min(1).describe('CPUs of a job.').default(1),
  memoryMiB: z.number().int().min(256).describe('Memory of a job.').default(4096),
  gpus: z.number().int().min(0).describe('GPUs of a job.').default(0),
  threads: z
    .number()
    .int()
    .min(1)
    .describe(
      "TensorFlow threads; part of every checkpoint's identity because results are reproducible per thread count.",
    )
    .default(1),
  parallelism: z
    .number()
    .int()
    .min(1)
    .describe(
      'Jobs of this run that may be in flight at once; as many as the queue has room for when the run starts, where absent.',
    )
    .optional(),
  attempts: z
    .number()
    .int()
    .min(1)
    .max(10)
    .describe('Attempts of one Batch job before its machine is given up.')
    .default(10),
  timeoutSeconds: z
    .number()
    .int()
    .min(60)
    .describe('Time that an attempt of a job may take.')
    .default(86_400),
  spotDollarsPerHour: z
    .number()
    .min(0)
    .describe('Dollars per job hour, for cost estimates and the report; 0 on the embedded stack.')
    .default(0),
  onDemandDollarsPerHour: z
    .number()
    .min(0)
    .describe('Dollars of the same job hour on demand, which estimates compare with.')
    .default(0),
});

const checkpoint = z.strictObject({
  intervalSeconds: z
    .union([z.literal('auto'), z.number().positive()])
    .describe(
      'Seconds between checkpoints; `auto` derives it from measured write time and reclaim rate (Young/Daly).',
    )
    .default('auto'),
  everySteps: z
    .number()
    .int()
    .min(0)
    .describe(
      'Additionally, a checkpoint every this many steps (0 = none). Deterministic; used by tests and rehearsals.',
    )
    .default(0),
  keep: z.number().int().min(2).describe('Newest checkpoints kept for each job.').default(3),
});

const budget = z.strictObject({
  dollars: z
    .number()
    .positive()
    .describe('No job is launched once the ended ones have cost as much.')
    .optional(),
  hours: z.number().positive().describe('No job is launched once the run is as old.').optional(),
});

/** A drill of the product's own promise: the named stage-1 job is reclaimed once, `afterCheckpoints` checkpoints in. */
const rehearsal = z.strictObject({
  reclaims: z.number().int().min(0).describe('How many times; 0: no drill.').default(0),
  afterCheckpoints: z
    .number()
    .int()
    .min(1)
    .describe('Checkpoints of the attempt before it is reclaimed.')
    .default(1),
});

/**
 * A look at stage 1's scores before they are trusted: a stratified sample of its cells is trained shortly, and Kendall's τ between
 * standing and accuracy decides how many cells stage 2 retrains and whether stage 3 waits.
 */
const gate = z.strictObject({
  cells: z
    .number()
    .int()
    .min(4)
    .describe(
      'Sampled cells, over all searches: with 8 the interval of τ is about 1.3 wide, with 20 about 0.6.',
    )
    .default(20),
  epochs: z.number().int().min(1).describe("Epochs of each, by stage 2's recipe and network."),
  minimumTau: z
    .number()
    .min(-1)
    .max(1)
    .describe(
      'τ is low unless its whole 95 % interval lies above this; by default unless it is surely above chance.',
    )
    .default(0),
  topK: z.number().int().min(1).describe('Cells that stage 2 retrains when τ is low.'),
  dollars: z
    .number()
    .min(0)
    .describe(
      "When τ is low and stage 3's trainings are expected to cost as much, the run pauses before them until it is resumed.",
    )
    .default(0),
});

/** Where the cells of a transferred run come from; `nas transfer` writes it. */
const origin = z.strictObject({
  run: z.string().describe('The run that found them.'),
  experimentHash: z.string().describe("Identity of that run's experiment."),
  data: z.string().describe('Data set that the cells were found on.'),
  baseline: z
    .string()
    .describe('The random cell that the origin compared with, printed; stage 3 compares with it again.'),
});

/** One experiment: the whole protocol in one document, every default beside its field. */
export const experimentSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'allowed: lower-case letters, digits and dashes, at most 48')
    .describe('Of the experiment; runs are named after it and the time they start.'),
  description: z
    .string()
    .describe('For readers: shown in Temporal and in the report, without influence on the run.')
    .default(''),
  space: spaceSchema.describe('The search space, with its options.'),
  strategy: strategySchema.describe('How stage 1 searches, with its options.'),
  genotype: z
    .string()
    .describe(
      'Of the strategy `given`: a published name (`DARTS_V2`), a printed genotype, or `random`, drawn with the first search seed.',
    )
    .optional(),
  origin: origin
    .describe('Where the cells of a transferred run come from; `nas transfer` writes it.')
    .optional(),
  gate: gate
    .describe(
      "A look at stage 1's scores before they are trusted: a sample of its cells is trained shortly, and Kendall's τ between standing and accuracy decides how many stage 2 retrains and whether stage 3 waits. Absent: no gate.",
    )
    .optional(),
  task: task.describe('Data, and what is learnt from it.'),
  stages: z
    .strictObject({
      search: searchStage.describe('Stage 1: the proxy search.').prefault({}),
      retrain: retrainStage
        .describe('Stage 2: the best cells of stage 1, trained from scratch and ranked on validation images.')
        .prefault({}),
      evaluate: evaluateStage
        .describe(
          'Stage 3: the winner and an equal-budget random baseline, trained with every seed and scored on the test split.',
        )
        .prefault({}),
    })
    .describe('The three stages of the protocol.'),
  resources: resources.describe('What each job asks of Batch, and what it costs.').prefault({}),
  checkpoint: checkpoint.describe('When jobs write checkpoints, and how many are kept.').prefault({}),
  budget: budget.describe('What a run may use before it pauses; no bound where absent.').prefault({}),
  rehearsal: rehearsal
    .describe('A drill of the durability promise: the first job of stage 1 is reclaimed on purpose.')
    .prefault({}),
});
export type Experiment = z.infer<typeof experimentSchema>;
export type ExperimentInput = z.input<typeof experimentSchema>;
