import { z } from 'zod';
import { hashJson } from '../../../nas/core/hash.ts';
import { randomWeightSharing } from '../../../nas/search/one-job/random-weight-sharing.ts';
import { darts } from '../../../nas/search/one-job/darts.ts';
import { contentRefSchema } from '../../../nas/core/blob.ts';
import {
  clipNorm,
  constantSchedule,
  cosineSchedule,
  emaDecay,
  precision,
  sgdSettings,
} from '../../../nas/task/recipe.ts';
import type { Task, TaskTypes } from '../../../nas/task/task.ts';
import { addSpace, addTask } from '../../support/tables.ts';
import { chainGraphs, chainSpace } from './space.ts';
import { SYMBOLS, symbolTerms } from './terms.ts';
import { symbolWindows, type StreamCounts } from './windows.ts';

/** Symbols are bytes below this. */
export const ALPHABET = 4;

const recipeSchema = z.strictObject({
  epochs: z.number().int().min(1).describe('Passes over the training symbols.').default(3),
  batchSize: z.number().int().min(1).describe('Columns of a minibatch.').default(4),
  optimizer: sgdSettings({ learningRate: 0.5, momentum: 0.5, weightDecay: 0 })
    .describe('What moves the weights.')
    .prefault({ kind: 'sgd' }),
  schedule: z
    .discriminatedUnion('kind', [constantSchedule, cosineSchedule])
    .describe('How the learning rate moves.')
    .prefault({ kind: 'cosine' }),
  clipNorm: clipNorm.removeDefault().default(1),
  stateWeight: z.number().min(0).describe('Weight of the mean square of the state.').default(1e-3),
  emaDecay,
  precision,
});

const networkSchema = z.strictObject({
  units: z.number().int().min(1).describe('Of the state.').default(6),
});

const stage = {
  network: networkSchema.describe('Size of the network.'),
  recipe: recipeSchema.describe('How it is trained.'),
};

const split = z.strictObject({ count: z.number().int().min(1), blob: contentRefSchema });
const manifestSchema = z.strictObject({
  version: z.literal(1),
  task: z.literal(SYMBOLS),
  name: z.string(),
  splits: z.strictObject({ train: split, validation: split, test: split }),
  sha256: z.string(),
  source: z.string(),
  licence: z.string(),
  verified: z.string(),
});
export type SymbolManifest = z.infer<typeof manifestSchema>;

export interface SymbolTypes extends TaskTypes {
  readonly section: Readonly<Record<never, never>>;
  readonly network: z.infer<typeof networkSchema>;
  readonly recipe: z.infer<typeof recipeSchema>;
  readonly augmentation: undefined;
  readonly manifest: SymbolManifest;
}
export const symbolRecipe = (recipe: object = {}): SymbolTypes['recipe'] => recipeSchema.parse(recipe);

export const contentHash = ({ splits }: Pick<SymbolManifest, 'splits'>): string =>
  hashJson(Object.values(splits).map(({ blob }) => blob.sha256));

const countsOf = ({ splits }: SymbolManifest): StreamCounts => ({
  train: splits.train.count,
  validation: splits.validation.count,
  test: splits.test.count,
});

const NO_SYMBOLS = { count: 1, blob: { sha256: '', bytes: 0 } };

const symbolTask: Task<SymbolTypes> = {
  // The data have a validation split of their own: nothing is held out.
  section: {},
  stages: { search: stage, retrain: stage, evaluate: stage },
  manifest: manifestSchema,
  contentHash,
  blobs: ({ splits }) => ({
    train: [splits.train.blob],
    validation: [splits.validation.blob],
    test: [splits.test.blob],
  }),
  verify: async ({ splits }, fetchBlob) => {
    const problems: string[] = [];
    for (const [name, { blob }] of Object.entries(splits))
      if ((await fetchBlob(blob)).some((symbol) => symbol >= ALPHABET))
        problems.push(`${name}: symbols from ${ALPHABET} on`);
    return problems;
  },
  listed: () => ({ fields: { alphabet: ALPHABET }, text: `${ALPHABET} symbols` }),
  reported: ({ counts }) => [
    ['symbols', `${counts.train} training, ${counts.validation} validation, ${counts.test} test`],
  ],
  examples: () => 'symbols',
  sizeText: ({ units }) => `${units} units`,
  counted: {
    data: {
      ...{ version: 1, task: SYMBOLS, name: 'abcd', source: '', licence: '', verified: '', sha256: '' },
      splits: { train: NO_SYMBOLS, validation: NO_SYMBOLS, test: NO_SYMBOLS },
    },
    size: { units: 6 },
  },
  stepExamples: ({ batchSize }) => batchSize,
  heldBytes: ({ splits }) => splits.train.count + splits.validation.count,
  cuts: (data, { recipe, seed }) => symbolWindows(countsOf(data), recipe.batchSize, seed),
  training: { finalPart: 'train', validateEvery: 1 },
  parts: ({ splits }) => ({ train: splits.train.count, validation: splits.validation.count }),
  splitText: () => 'as the data set gives it',
  resized: (network) => network,
  checkSplit: () => [],
  check: () => [],
};

addTask(SYMBOLS, symbolTerms, symbolTask);
addSpace(chainSpace, chainGraphs);
for (const { spaces } of [randomWeightSharing, darts]) (spaces as string[]).push(chainSpace.name);
