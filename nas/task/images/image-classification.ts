import { apportion } from '../../core/apportion.ts';
import { inputError } from '../../core/input-error.ts';
import type { InputError } from '../../core/input-error.ts';
import { augmentationSchema, networkSchema } from '../recipe.ts';
import type { AskedOfData, Task } from '../task.ts';
import { trainingParts, type DatasetManifest } from './manifest.ts';

/** As equal as they can be, where only the number of all images is known. */
const equalCounts = (count: number, classes: number): readonly number[] =>
  Array.from(
    { length: classes },
    (_, label) => Math.floor(count / classes) + (label < count % classes ? 1 : 0),
  );

function* checkSides(
  { shape, name }: DatasetManifest,
  { stages, place }: AskedOfData,
): Generator<InputError> {
  const side = Math.min(shape[0], shape[1]);
  for (const stage of stages) {
    const { cropPadding, cutout } = stage.augmentation;
    if (cutout > side)
      yield inputError(
        place(['stages', stage.name, 'augmentation', 'cutout']),
        cutout,
        `at most ${side}, the side of an image of ${name}`,
        'erase a smaller square',
      );
    if (cropPadding >= side)
      yield inputError(
        place(['stages', stage.name, 'augmentation', 'cropPadding']),
        cropPadding,
        `less than ${side}, the side of an image of ${name}`,
        'pad less',
      );
  }
}

/** Searches decode all image files once, and hold them. */
function* checkMemory(
  { name, shape, splits, encoding }: DatasetManifest,
  { searches, memoryMiB, place }: AskedOfData,
): Generator<InputError> {
  const bytes = splits.train.count * shape[0] * shape[1] * shape[2];
  if (encoding === 'files' && searches && bytes > (memoryMiB * 2 ** 20) / 2)
    yield inputError(
      place(['task', 'data']),
      name,
      `data sets whose decoded training images (${Math.ceil(bytes / 2 ** 20)} MiB) fit into half of resources.memoryMiB = ${memoryMiB}: searches hold them in memory`,
      'search on a smaller data set, then nas transfer trains its cells on this one; or raise resources.memoryMiB',
    );
}

/** Classes of images, split by class. */
export const imageClassification: Task<DatasetManifest> = {
  sizes: networkSchema,
  augmentation: augmentationSchema,
  parts: trainingParts,
  *checkSplit({ name, classes, splits, givenValidation }, { validationFraction, place }, counts) {
    if (givenValidation !== undefined) return;
    const parts = apportion(counts ?? equalCounts(splits.train.count, classes.length), validationFraction);
    if (parts.kind === 'class')
      yield inputError(
        place(['task', 'data']),
        name,
        `data sets of at least 2 training images a class, one of them for validation; class ${classes[parts.index]} has ${parts.size}`,
        'add images of that class or leave it out, and add the data set under another name',
      );
    if (parts.kind === 'total')
      yield inputError(
        place(['task', 'validationFraction']),
        validationFraction,
        `at least one validation image and one training image for each of the ${classes.length} classes of ${name}; ` +
          `this leaves ${parts.taken} and ${parts.left}`,
        parts.taken < parts.left ? 'hold out a larger fraction' : 'hold out a smaller fraction',
      );
  },
  *check(dataset, asked) {
    yield* checkSides(dataset, asked);
    yield* checkMemory(dataset, asked);
  },
};
