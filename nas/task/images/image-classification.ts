import { z } from 'zod';
import { apportion } from '../../core/apportion.ts';
import { inputError } from '../../core/input-error.ts';
import type { InputError } from '../../core/input-error.ts';
import { integer, percent } from '../../core/number-text.ts';
import type { AskedOfData, Task, TaskTypes } from '../task.ts';
import { imageCuts } from './cuts.ts';
import { countImages, imageCountsSchema, type ImageCounts } from './count-images.ts';
import { equalText } from './equal-images.ts';
import { datasetHash, imageManifestSchema, trainingParts, type ImageManifest } from './manifest.ts';
import { imageStages, type Augmentation, type ImageNetworkSize, type ImageRecipe } from './recipe.ts';
import { verifyImages } from './verify-images.ts';

/** Images from this side on are given the stem that reduces them eightfold before the first cell. */
const IMAGENET_STEM_SIDE = 96;

const section = {
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
};

export interface ImageTypes extends TaskTypes {
  readonly section: { readonly validationFraction: number; readonly splitSeed: number };
  readonly network: ImageNetworkSize;
  readonly recipe: ImageRecipe;
  readonly augmentation: Augmentation;
  readonly manifest: ImageManifest;
  readonly counts: ImageCounts;
}

/** As equal as they can be, where only the number of all images is known. */
const equalCounts = (count: number, classes: number): readonly number[] =>
  Array.from(
    { length: classes },
    (_, label) => Math.floor(count / classes) + (label < count % classes ? 1 : 0),
  );

function* checkSides(
  { shape, name }: ImageManifest,
  { stages, place }: AskedOfData<ImageTypes>,
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
  { name, shape, splits, encoding }: ImageManifest,
  { searches, memoryMiB, place }: AskedOfData<ImageTypes>,
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
export const imageClassification: Task<ImageTypes> = {
  section,
  stages: imageStages,
  manifest: imageManifestSchema,
  contentHash: datasetHash,
  blobs: ({ splits }) => ({
    train: [
      ...splits.train.shards.map(({ blob }) => blob),
      ...(splits.train.labels ? [splits.train.labels] : []),
    ],
    test: [
      ...splits.test.shards.map(({ blob }) => blob),
      ...(splits.test.labels ? [splits.test.labels] : []),
    ],
  }),
  verify: verifyImages,
  listed: ({ shape, classes, givenValidation }) => ({
    fields: {
      ...(givenValidation === undefined ? {} : { validation: givenValidation }),
      classes: classes.length,
      shape,
    },
    text: `${shape.join('×')}, ${classes.length} classes`,
  }),
  reported: ({ shape, classes, counts, normalisation: { mean, std }, equalImages }) => [
    [
      'images',
      `${integer(counts.train)} training, ${integer(counts.test)} test, ${shape.join(' × ')}, ${classes.length} classes`,
    ],
    [
      'normalisation',
      `mean ${mean.map((m) => m.toFixed(4)).join(', ')}; sd ${std.map((s) => s.toFixed(4)).join(', ')}`,
    ],
    ...(equalImages === undefined ? [] : ([['equal images', equalText(equalImages, counts.test)]] as const)),
  ],
  examples: ({ shape }) => `${shape.join(' × ')} images`,
  sizeText: ({ channels, layers }) => `${channels} channels and ${layers} layers`,
  counted: {
    data: {
      ...{ version: 1, name: 'cifar10', source: '', licence: '', verified: '', sha256: '' },
      shape: [32, 32, 3],
      classes: Array.from({ length: 10 }, (_, label) => `${label}`),
      splits: { train: { count: 50_000, shards: [] }, test: { count: 10_000, shards: [] } },
      normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    },
    // The width that leaves genotypes which state their own as they are.
    size: { channels: 16, layers: 9, stem: 'cifar' },
  },
  stepExamples: ({ batchSize }) => batchSize,
  // Files are decoded as they are needed.
  heldBytes: ({ encoding, shape, splits }) =>
    encoding === 'files' ? 0 : splits.train.count * shape.reduce((product, size) => product * size, 1),
  counts: { schema: imageCountsSchema, of: countImages },
  cuts: (data, { recipe, data: { validationFraction } }) =>
    imageCuts({ ...trainingParts(data, validationFraction), test: data.splits.test.count }, recipe.batchSize),
  training: { finalPart: 'train+validation' },
  parts: (data, { validationFraction }) => trainingParts(data, validationFraction),
  splitText: ({ validationFraction, splitSeed }, data) =>
    data?.givenValidation === undefined
      ? `${percent(validationFraction, 0)} of the training images for validation, seed ${splitSeed}`
      : `${integer(data.givenValidation)} of the training images for validation, as the data set gives them`,
  resized: (network, { shape }) => ({
    ...network,
    stem: shape[0] >= IMAGENET_STEM_SIDE ? 'imagenet' : 'cifar',
  }),
  *checkSplit(
    { name, classes, splits, givenValidation },
    { section: { validationFraction }, place },
    counts,
  ) {
    if (givenValidation !== undefined) return;
    const parts = apportion(
      counts?.train ?? equalCounts(splits.train.count, classes.length),
      validationFraction,
    );
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
