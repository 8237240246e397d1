import { inputError, inputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import { isGiven } from '../search/given.ts';
import { isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import { STAGE_KEYS, type AskedOfData, type StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import { termsOf } from '../task/terms.ts';
import type { Place } from '../core/place.ts';
import { checkTaskOfData } from './check-task.ts';
import type { Experiment } from './experiment.ts';
import { oneJobToCheck } from './one-job-to-check.ts';

/** A data set as far as checks before a run ask it. */
export interface CheckedDataset {
  readonly manifest: DatasetManifest;
  /** What its task counts of the examples, where they have been counted. */
  readonly counts?: unknown;
}

/** A contradiction between an experiment and its data set, each place where there is one. */
export type DatasetCheck = (
  experiment: Experiment,
  dataset: CheckedDataset,
  place: Place,
) => Iterable<InputError>;

/**
 * Whether a stage trains something: a given cell is not searched for, and stage 2's recipe also selects a
 * baseline that is not brought.
 */
const trains = (stage: StageKey, { strategy, origin, stages }: Experiment): boolean =>
  stage === 'search'
    ? !isGiven(strategy)
    : stage === 'evaluate' || origin === undefined || stages.retrain.topK > 0;

const asked = (experiment: Experiment, place: Place): AskedOfData => ({
  section: experiment.task,
  stages: STAGE_KEYS.filter((stage) => trains(stage, experiment)).map((name) => {
    const { network, recipe, augmentation } = experiment.stages[name];
    return { name, network, recipe, augmentation };
  }),
  searches: !isGiven(experiment.strategy),
  memoryMiB: experiment.resources.memoryMiB,
  place,
});

const checkSplit: DatasetCheck = (experiment, { manifest, counts }, place) =>
  taskOf(experiment.task.kind).checkSplit(manifest, asked(experiment, place), counts);

/** What the split leaves each part; not known where it cannot be made. */
const partsOf = (experiment: Experiment, dataset: CheckedDataset, place: Place) =>
  [...checkSplit(experiment, dataset, place)].length > 0
    ? undefined
    : taskOf(experiment.task.kind).parts(dataset.manifest, experiment.task);

const checkBatchSize = (stage: StageKey): DatasetCheck =>
  function* (experiment, dataset, place) {
    if (!trains(stage, experiment)) return;
    const { manifest } = dataset;
    const available =
      stage === 'evaluate' ? manifest.splits.train.count : partsOf(experiment, dataset, place)?.train;
    const { batchSize } = experiment.stages[stage].recipe;
    if (available !== undefined && batchSize > available)
      yield inputError(
        place(['stages', stage, 'recipe', 'batchSize']),
        batchSize,
        `at most the ${available} training ${termsOf(experiment.task.kind).example}s that ${manifest.name} leaves this stage`,
        'choose a smaller batch',
      );
  };

/** What a search of one job needs of the examples that are there. */
function* checkSearched(
  experiment: Experiment,
  dataset: CheckedDataset,
  place: Place,
): Generator<InputError> {
  const { strategy } = experiment;
  const parts = partsOf(experiment, dataset, place);
  if (!isOneJob(strategy) || parts === undefined) return;
  const search = oneJobToCheck(strategy, experiment, place);
  yield* oneJobSearchOf(strategy).checkData?.(search, parts, dataset.manifest.name) ?? [];
}

/** Counts that the data set decides. Every check lists all that it finds, whatever the others find. */
export const DATASET_CHECKS: readonly DatasetCheck[] = [
  checkSplit,
  ...STAGE_KEYS.map(checkBatchSize),
  checkSearched,
  (experiment, { manifest }, place) => taskOf(experiment.task.kind).check(manifest, asked(experiment, place)),
];

/** Throws one `InputError` that lists what contradicts the data set. */
export const checkAgainstDataset = (
  experiment: Experiment,
  manifest: DatasetManifest,
  place: Place,
  counts?: unknown,
): void => {
  const dataset = { manifest, counts };
  const another = [...checkTaskOfData(experiment, manifest, place)];
  const [first, ...rest] =
    another.length > 0 ? another : DATASET_CHECKS.flatMap((check) => [...check(experiment, dataset, place)]);
  if (first !== undefined) throw inputErrors([first, ...rest]);
};
