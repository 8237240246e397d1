import { apportion } from '../core/apportion.ts';
import { trainingParts, type DatasetManifest } from '../task/images/manifest.ts';
import { isGiven } from '../search/given.ts';
import { isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import type { Experiment } from './experiment.ts';
import { oneJobToCheck } from './one-job-to-check.ts';
import { inputError, inputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';

type Stage = 'search' | 'retrain' | 'evaluate';
type Place = (path: readonly (string | number)[]) => string;

/** A data set as far as checks before a run ask it. */
export interface CheckedDataset {
  readonly manifest: DatasetManifest;
  /** Training images of each class, the data set's own validation split included. */
  readonly trainCounts: readonly number[];
}

/** A contradiction between an experiment and its data set, each place where there is one. */
export type DatasetCheck = (
  experiment: Experiment,
  dataset: CheckedDataset,
  place: Place,
) => Iterable<InputError>;

/** Whether a stage trains something: a given cell is not searched for, and stage 2's recipe also selects a baseline that is not brought. */
const trains = (stage: Stage, { strategy, origin, stages }: Experiment): boolean =>
  stage === 'search'
    ? !isGiven(strategy)
    : stage === 'evaluate' || origin === undefined || stages.retrain.topK > 0;

/** The split of the training images that jobs will make. */
function* checkSplit(
  { task }: Experiment,
  { manifest, trainCounts }: CheckedDataset,
  place: Place,
): Generator<InputError> {
  if (manifest.givenValidation !== undefined) return;
  const { validationFraction } = task;
  const parts = apportion(trainCounts, validationFraction);
  if (parts.kind === 'class')
    yield inputError(
      place(['task', 'data']),
      manifest.name,
      `data sets of at least 2 training images a class, one of them for validation; class ${manifest.classes[parts.index]} has ${parts.size}`,
      'add images of that class or leave it out, and add the data set under another name',
    );
  if (parts.kind === 'total')
    yield inputError(
      place(['task', 'validationFraction']),
      validationFraction,
      `at least one validation image and one training image for each of the ${manifest.classes.length} classes of ${manifest.name}; ` +
        `this leaves ${parts.taken} and ${parts.left}`,
      parts.taken < parts.left ? 'hold out a larger fraction' : 'hold out a smaller fraction',
    );
}

const checkBatchSize = (stage: Stage): DatasetCheck =>
  function* (experiment, dataset, place) {
    if (!trains(stage, experiment)) return;
    const { manifest } = dataset;
    // What a split leaves is known where there is one.
    if (stage !== 'evaluate' && [...checkSplit(experiment, dataset, place)].length > 0) return;
    const available =
      stage === 'evaluate'
        ? manifest.splits.train.count
        : trainingParts(manifest, experiment.task.validationFraction).train;
    const { batchSize } = experiment.stages[stage].recipe;
    if (batchSize > available)
      yield inputError(
        place(['stages', stage, 'recipe', 'batchSize']),
        batchSize,
        `at most the ${available} training images that ${manifest.name} leaves this stage`,
        'choose a smaller batch',
      );
  };

const checkAugmentation = (stage: Stage): DatasetCheck =>
  function* (experiment, { manifest }, place) {
    if (!trains(stage, experiment)) return;
    const { cropPadding, cutout } = experiment.stages[stage].augmentation;
    const side = Math.min(manifest.shape[0], manifest.shape[1]);
    if (cutout > side)
      yield inputError(
        place(['stages', stage, 'augmentation', 'cutout']),
        cutout,
        `at most ${side}, the side of an image of ${manifest.name}`,
        'erase a smaller square',
      );
    if (cropPadding >= side)
      yield inputError(
        place(['stages', stage, 'augmentation', 'cropPadding']),
        cropPadding,
        `less than ${side}, the side of an image of ${manifest.name}`,
        'pad less',
      );
  };

/** What a search of one job needs of the images that are there. */
function* checkSearched(
  experiment: Experiment,
  dataset: CheckedDataset,
  place: Place,
): Generator<InputError> {
  const { strategy, space, stages, task } = experiment;
  if (!isOneJob(strategy) || [...checkSplit(experiment, dataset, place)].length > 0) return;
  const { manifest } = dataset;
  const images = trainingParts(manifest, task.validationFraction);
  const search = oneJobToCheck(strategy, space, stages, place);
  yield* oneJobSearchOf(strategy).checkImages?.(search, images, manifest.name) ?? [];
}

const MiB = 2 ** 20;

/** Searches decode all image files once, and hold them. */
function* checkDecoded(
  { resources, strategy }: Experiment,
  { manifest }: CheckedDataset,
  place: Place,
): Generator<InputError> {
  const { name, encoding, shape, splits } = manifest;
  const bytes = splits.train.count * shape[0] * shape[1] * shape[2];
  if (encoding === 'files' && !isGiven(strategy) && bytes > (resources.memoryMiB * MiB) / 2)
    yield inputError(
      place(['task', 'data']),
      name,
      `data sets whose decoded training images (${Math.ceil(bytes / MiB)} MiB) fit into half of resources.memoryMiB = ${resources.memoryMiB}: searches hold them in memory`,
      'search on a smaller data set, then nas transfer trains its cells on this one; or raise resources.memoryMiB',
    );
}

/** Counts that the data set decides. Every check lists all that it finds, whatever the others find. */
export const DATASET_CHECKS: readonly DatasetCheck[] = [
  checkSplit,
  ...(['search', 'retrain', 'evaluate'] as const).flatMap((stage) => [
    checkBatchSize(stage),
    checkAugmentation(stage),
  ]),
  checkSearched,
  checkDecoded,
];

/** As equal as they can be, where only the number of all images is known. */
const equalCounts = (count: number, classes: number): readonly number[] =>
  Array.from(
    { length: classes },
    (_, label) => Math.floor(count / classes) + (label < count % classes ? 1 : 0),
  );

/**
 * Throws one `InputError` that lists what contradicts the data set; images of each class are taken to be equally many where
 * they are not known.
 */
export const checkAgainstDataset = (
  experiment: Experiment,
  manifest: DatasetManifest,
  place: Place,
  trainCounts: readonly number[] = equalCounts(manifest.splits.train.count, manifest.classes.length),
): void => {
  const dataset = { manifest, trainCounts };
  const [first, ...rest] = DATASET_CHECKS.flatMap((check) => [...check(experiment, dataset, place)]);
  if (first !== undefined) throw inputErrors([first, ...rest]);
};
