import { z } from 'zod';
import { shareOf } from '../../../nas/core/apportion.ts';
import { paddedMinibatches, wholeMinibatches, type Cuts } from '../../../nas/core/cut.ts';
import { hashJson } from '../../../nas/core/hash.ts';
import type { DatasetManifest } from '../../../nas/task/manifest.ts';
import {
  clipNorm,
  constantSchedule,
  emaDecay,
  precision,
  sgdSettings,
  type Recipe,
} from '../../../nas/task/recipe.ts';
import type { Task, TaskTypes, TrainingParts } from '../../../nas/task/task.ts';
import { addSpace, addTask } from '../../support/tables.ts';
import { vectorGraphs, vectorSpace } from './space.ts';
import { VECTOR_REGRESSION, vectorTerms } from './terms.ts';

const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).describe('Passes over the training vectors.').default(6),
  batchSize: z.number().int().min(1).describe('Vectors of a minibatch.').default(8),
  optimizer: sgdSettings({ learningRate: 0.1, momentum: 0, weightDecay: 0 })
    .describe('What moves the weights.')
    .prefault({ kind: 'sgd' }),
  schedule: constantSchedule.describe('How the learning rate moves.').prefault({ kind: 'constant' }),
  clipNorm: clipNorm.removeDefault().default(0),
  emaDecay,
  precision,
});
export const vectorRecipe = (recipe: object = {}): Recipe => recipeSchema.parse(recipe);

const networkSchema = z.strictObject({
  bias: z.boolean().describe('Whether the linear layer has a bias.').default(true),
});

const stage = {
  network: networkSchema.describe('What the network has.'),
  recipe: recipeSchema.describe('How it is trained.'),
};

const counted = z.strictObject({ count: z.number().int().min(1) });

const manifestSchema = z.strictObject({
  version: z.literal(1),
  task: z.literal(VECTOR_REGRESSION),
  name: z.string(),
  splits: z.strictObject({ train: counted, test: counted }),
  sha256: z.string(),
  source: z.string(),
  licence: z.string(),
  verified: z.string(),
});

export interface VectorTypes extends TaskTypes {
  readonly section: { readonly validationFraction: number };
  readonly network: z.infer<typeof networkSchema>;
  readonly augmentation: undefined;
}

/** A data set of so many vectors, which nobody has stored. */
export const vectorManifest = (counts = { train: 64, test: 20 }): DatasetManifest => ({
  version: 1,
  task: VECTOR_REGRESSION,
  name: 'vectors',
  splits: { train: { count: counts.train }, test: { count: counts.test } },
  sha256: '0'.repeat(64),
  source: 'test',
  licence: 'none',
  verified: 'no',
});

/** Examples that do not fill a minibatch are left out of an epoch. */
export const vectorCuts = (
  { train, validation, test }: TrainingParts & { readonly test: number },
  batchSize: number,
): Cuts => {
  const parts = { train, validation, 'train+validation': train + validation };
  return {
    training: (part) => wholeMinibatches(parts[part], batchSize),
    drawn: () => wholeMinibatches(validation, batchSize),
    inOrder: (part) => paddedMinibatches(part === 'test' ? test : validation, batchSize),
  };
};

const partsOf = (train: number, validationFraction: number): TrainingParts => {
  const validation = shareOf(train, validationFraction, 1);
  return { train: train - validation, validation };
};

const vectorTask: Task<VectorTypes> = {
  section: {
    validationFraction: z.number().gt(0).lt(1).describe('Part held out as validation.').default(0.25),
  },
  stages: { search: stage, retrain: stage, evaluate: stage },
  manifest: manifestSchema,
  contentHash: ({ splits }) => hashJson(splits),
  blobs: () => ({}),
  verify: async () => [],
  listed: () => ({ fields: {}, text: 'vectors of three numbers' }),
  examples: () => 'vectors',
  sizeText: ({ bias }) => (bias ? 'a linear layer' : 'a linear layer without bias'),
  counted: { data: vectorManifest(), size: { bias: true } },
  stepExamples: ({ batchSize }) => batchSize,
  heldBytes: ({ splits }) => 16 * splits.train.count,
  reported: ({ counts }) => [['vectors', `${counts.train} training, ${counts.test} test`]],
  cuts: ({ splits }, { recipe, data: { validationFraction } }) =>
    vectorCuts(
      { ...partsOf(splits.train.count, validationFraction), test: splits.test.count },
      recipe.batchSize,
    ),
  training: { finalPart: 'train+validation' },
  parts: ({ splits }, { validationFraction }) => partsOf(splits.train.count, validationFraction),
  splitText: ({ validationFraction }) => `${validationFraction} of the training vectors for validation`,
  resized: (network) => network,
  checkSplit: () => [],
  check: () => [],
};

addTask(VECTOR_REGRESSION, vectorTerms, vectorTask);
addSpace(vectorSpace, vectorGraphs);
