import { z } from 'zod';
import { given } from '../search/given.ts';
import { oneJobSchemas } from '../search/one-job/registry.ts';
import { STAGE_KEYS, type StageKey, type StageSchemas, type TaskTypes } from '../task/task.ts';
import { byTask } from '../task/by-task.ts';
import { namedTask, taskOf } from '../task/tasks.ts';
import { DEFAULT_TASK, taskKinds, termsOf, type TaskKind } from '../task/terms.ts';
import { spaceSchema } from '../space/registry.ts';
import { objectiveSchema } from '../search/objective.ts';
import { blackBoxSchemas } from '../search/strategy-schema.ts';

const seeds = z.array(z.number().int().min(0)).min(1);

/** How stage 1 searches: a search of one job, none, or one by trials. */
export const strategySchema = z.discriminatedUnion('name', [...oneJobSchemas, given, ...blackBoxSchemas]);

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

const searchFields = {
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
};

const retrainFields = {
  topK: z
    .number()
    .int()
    .min(0)
    .describe(
      'Best cells of stage 1 that are retrained from scratch, from all search seeds in turns; 0 leaves stage 2 out for a given cell.',
    )
    .default(4),
  seed: z.number().int().min(0).describe('Training seed of every candidate.').default(0),
};

const claim = z
  .enum(['search', 'cell'])
  .describe(
    'What is compared. `search`: the winner of each search seed with that of a random search of its own, of the same budget; the verdict is about the search. `cell`: the best cell of all search seeds with the best of one random search; the verdict is about these two cells. Absent: `search` with two search seeds or more, each of which stage 2 retrains a cell of, else `cell`.',
  )
  .optional();
const evaluateSeeds = seeds
  .describe('Training seeds of every cell that is compared; those of different searches are unrelated.')
  .default([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const baselineSeed = z
  .number()
  .int()
  .min(0)
  .describe(
    "Seed of the random cells that spend the baseline's budget; each random search has its own of it.",
  )
  .default(1000);

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

export const checkpointSchema = z.strictObject({
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

/**
 * A drill of the product's own promise: the named stage-1 job is reclaimed once, `afterCheckpoints`
 * checkpoints in.
 */
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
 * A look at stage 1's scores before they are trusted: a stratified sample of its cells is trained shortly,
 * and Kendall's τ between standing and accuracy decides how many cells stage 2 retrains and whether stage 3
 * waits.
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

type OwnFields = TaskTypes['network'];

/** The parts of an experiment that its task decides. */
interface TaskSections {
  /** Kind, data set, and what else the task asks of them. */
  readonly task: z.ZodType<
    { readonly kind: TaskKind; readonly data: string } & OwnFields,
    { readonly kind?: TaskKind; readonly data: string } & OwnFields
  >;
  readonly stages: Readonly<Record<StageKey, StageSchemas>>;
}

/** A part that may be left out for its defaults. */
const optionalPart = <Part>(schema: z.ZodType<Part>) => schema.prefault({} as never);

const networkFields = ({ network, recipe, augmentation }: StageSchemas) => ({
  network: optionalPart(network),
  recipe: optionalPart(recipe),
  ...((augmentation && { augmentation: optionalPart(augmentation) }) as unknown as {
    readonly augmentation: z.ZodOptional<z.ZodType<OwnFields>>;
  }),
});

/** One experiment: the whole protocol in one document, every default beside its field. */
const experimentOf = ({ task, stages }: TaskSections) =>
  z.strictObject({
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
        search: z
          .strictObject({ ...searchFields, ...networkFields(stages.search) })
          .describe('Stage 1: the proxy search.')
          .prefault({}),
        retrain: z
          .strictObject({ ...retrainFields, ...networkFields(stages.retrain) })
          .describe(
            'Stage 2: the best cells of stage 1, trained from scratch and ranked on validation images.',
          )
          .prefault({}),
        evaluate: z
          .strictObject({ claim, seeds: evaluateSeeds, ...networkFields(stages.evaluate), baselineSeed })
          .describe(
            'Stage 3: the winner and an equal-budget random baseline, trained with every seed and scored on the test split.',
          )
          .prefault({}),
      })
      .describe('The three stages of the protocol.'),
    resources: resources.describe('What each job asks of Batch, and what it costs.').prefault({}),
    checkpoint: checkpointSchema.describe('When jobs write checkpoints, and how many are kept.').prefault({}),
    budget: budget.describe('What a run may use before it pauses; no bound where absent.').prefault({}),
    rehearsal: rehearsal
      .describe('A drill of the durability promise: the first job of stage 1 is reclaimed on purpose.')
      .prefault({}),
  });

export type Experiment = z.output<ReturnType<typeof experimentOf>>;
export type ExperimentInput = z.input<ReturnType<typeof experimentOf>>;

const sectionOf = (kind: TaskKind, kinds: readonly TaskKind[]) => {
  const literal = z.literal(kinds).describe(`What is learnt: ${termsOf(kind).learnt}.`);
  return z.strictObject({
    kind: kind === DEFAULT_TASK ? literal.default(DEFAULT_TASK) : literal,
    data: z.string().describe('Name of a data set known to `nas data list`.'),
    ...taskOf(kind).section,
  });
};

const sectionsOf = (kind: TaskKind): TaskSections => ({
  // A kind that there is not is refused with those that there are.
  task: sectionOf(kind, taskKinds()) as unknown as TaskSections['task'],
  stages: taskOf(kind).stages,
});

/** The task that an experiment names, as it is written. */
const kindOf = (raw: unknown): TaskKind => namedTask(namedTaskOf.safeParse(raw).data?.task.kind);
const namedTaskOf = z.looseObject({ task: z.looseObject({ kind: z.unknown() }) });

/** An experiment, read by the schema of the task that it names. */
export const experimentSchema = byTask<Experiment>(kindOf, (kind) => experimentOf(sectionsOf(kind)));

/** One schema, or any of several, with all that these say of themselves. */
const anyOf = (schemas: readonly z.ZodType[]): z.ZodType => {
  if (schemas.length === 1) return schemas[0] as z.ZodType;
  const said = new Set(
    schemas.flatMap(({ description }) => (description === undefined ? [] : [description])),
  );
  return z.union(schemas as readonly [z.ZodType, z.ZodType]).describe([...said].join(' '));
};

/**
 * A schema that describes experiments of one task, or of all: what the parts of several tasks are stands side
 * by side. It describes, and reads nothing.
 */
export const describedExperiment = (raw?: unknown): z.ZodType => {
  const kinds = raw === undefined ? taskKinds() : [kindOf(raw)];
  const of = (stage: StageKey, part: keyof StageSchemas): z.ZodType[] =>
    kinds.flatMap((kind) => {
      const schema = taskOf(kind).stages[stage][part];
      return schema === undefined ? [] : [kinds.length === 1 ? schema : schema.meta({ title: kind })];
    });
  const stages = Object.fromEntries(
    STAGE_KEYS.map((stage) => [
      stage,
      Object.fromEntries(
        (['network', 'recipe', 'augmentation'] as const).flatMap((part) => {
          const schemas = of(stage, part);
          return schemas.length === 0 ? [] : [[part, anyOf(schemas)]];
        }),
      ),
    ]),
  ) as unknown as TaskSections['stages'];
  const task = anyOf(kinds.map((kind) => sectionOf(kind, raw === undefined ? [kind] : taskKinds())));
  return experimentOf({ task: task as TaskSections['task'], stages });
};
