import { z } from 'zod';
import { grownSchema } from '../search/inheritance.ts';
import { ONE_JOB_SEARCHES, oneJobSchemas, oneJobSearchOf } from '../search/one-job/registry.ts';
import type { OneJobChoice, OneJobName } from '../search/one-job/registry.ts';
import { spaceSchema, type SpaceChoice } from '../space/registry.ts';
import { byTask } from '../task/by-task.ts';
import type { TaskTypes } from '../task/task.ts';
import { namedTask, taskOf } from '../task/tasks.ts';
import { taskKinds, type TaskKind } from '../task/terms.ts';

/** Data a program trains and scores on. */
export type TaskData<Of extends TaskTypes = TaskTypes> = Of['section'] & {
  /** What is learnt of them; absent for the default task, which programs of 0.1.0 have. */
  readonly task?: TaskKind;
} & (undefined extends Of['augmentation']
    ? { readonly augmentation?: Of['augmentation'] }
    : { readonly augmentation: Of['augmentation'] });

/** What every program is given besides its kind and strategy. */
export type ProgramTask<Of extends TaskTypes = TaskTypes> = {
  readonly space: SpaceChoice;
  readonly network: Of['network'];
  readonly recipe: Of['recipe'];
  readonly data: TaskData<Of>;
  readonly seed: number;
};

const SEARCH_KINDS = Object.values(ONE_JOB_SEARCHES).map(({ program }) => program);

/** Stage 1 by a search of one job. */
const searchFields = {
  kind: z.enum(SEARCH_KINDS),
  strategy: z.discriminatedUnion('name', oneJobSchemas),
};
type SearchFields = z.infer<z.ZodObject<typeof searchFields>>;
/** Of any search of one job where no name is given. */
export type SearchSpec<
  Name extends OneJobName = OneJobName,
  Of extends TaskTypes = TaskTypes,
> = ProgramTask<Of> & SearchFields & { readonly strategy: OneJobChoice<Name> };

/** Stages 2 and 3, and trials of stage 1: train one network. */
const trainingFields = {
  kind: z.literal('train-network'),
  /** The printed genotype, e.g. `Genotype(normal=[…], …)`. */
  genotype: z.string().min(1),
  /** Stage 2 trains on `train` and scores `validation`; stage 3 trains on both and reads `test` once. */
  trainOn: z.enum(['train', 'train+validation']),
  evaluateOn: z.enum(['validation', 'test']),
  /**
   * The validation part is evaluated after every so many epochs, whatever `evaluateOn` is. Absent: where it
   * is what is scored, at most 20 times.
   */
  validateEvery: z.number().int().min(1).exactOptional(),
  /**
   * Epochs after each of which the network is scored on `evaluateOn`; training ends with the last, at which
   * the schedules of the recipe, made for all of its epochs, may be under way. Absent: all epochs, scored at
   * most 20 times.
   */
  rungs: z.array(z.number().int().min(1)).min(1).readonly().exactOptional(),
  /**
   * Last epochs after each of which the network is scored too; the best of these scores is its own. Absent:
   * 1.
   */
  scoreOfLast: z.number().int().min(1).exactOptional(),
  /** The trained network whose weights this one starts with; absent: it starts from scratch. */
  grown: grownSchema.exactOptional(),
};
export type TrainNetworkSpec<Of extends TaskTypes = TaskTypes> = ProgramTask<Of> &
  z.infer<z.ZodObject<typeof trainingFields>>;

/** What a job computes. */
export type ProgramSpec = SearchSpec | TrainNetworkSpec;

const specSchemaOf = (kind: TaskKind) => {
  const { section, stages } = taskOf(kind);
  const { network, recipe, augmentation } = stages.search;
  const data: z.ZodType = z.strictObject({
    task: z.literal(taskKinds()).exactOptional(),
    ...section,
    ...(augmentation && { augmentation }),
  });
  const common = {
    space: spaceSchema,
    network,
    recipe,
    data: data as z.ZodType<TaskData>,
    seed: z.number().int().min(0),
  };
  return z.discriminatedUnion('kind', [
    z
      .strictObject({ ...searchFields, ...common })
      .refine((spec) => spec.kind === oneJobSearchOf(spec.strategy).program, {
        path: ['kind'],
        message: 'the program of the strategy',
      }),
    z.strictObject({ ...trainingFields, ...common }),
  ]);
};

const namedData = z.looseObject({ data: z.looseObject({ task: z.unknown() }) });

/** Read by the schemas of the task that its data name. */
export const programSpecSchema = byTask<ProgramSpec>(
  (raw) => namedTask(namedData.safeParse(raw).data?.data.task),
  specSchemaOf,
);

/** Whether a program searches; the other kind trains one network. */
export const isSearch = (spec: ProgramSpec): spec is SearchSpec => 'strategy' in spec;
