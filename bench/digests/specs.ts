import { definitionOf, spaceSchema, SPACE_NAMES, type SpaceName } from '../../nas/space/registry.ts';
import { strategySchema, type Experiment } from '../../nas/experiment/experiment.ts';
import type { ProgramSpec, ProgramTask, SearchSpec } from '../../nas/job/program-spec.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { isOneJob, oneJobSearchOf } from '../../nas/search/one-job/registry.ts';
import { recipeSchema } from '../../nas/task/images/recipe.ts';

const task = (space: object, layers: number, recipe: object): ProgramTask => ({
  space: spaceSchema.parse(space),
  network: { channels: 2, layers, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 2,
    batchSize: 16,
    optimizer: { kind: 'sgd', learningRate: 0.1 },
    ...recipe,
  }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
});

const search = (strategy: object, space: object, layers: number, recipe: object = {}): SearchSpec => {
  const choice: Experiment['strategy'] = strategySchema.parse(strategy);
  if (!isOneJob(choice)) throw new Error(`${choice.name} searches by trials`);
  return {
    kind: oneJobSearchOf(choice).program as SearchSpec['kind'],
    strategy: choice,
    ...task(space, layers, recipe),
  };
};

const DARTS = { name: 'darts-cnn' };
const NB201 = { name: 'nas-bench-201' };
const SHARED = {
  name: 'random-weight-sharing',
  candidates: 6,
  scoreMinibatches: 2,
  rounds: 2,
  rescore: 1,
};
const ENAS = {
  name: 'enas',
  candidates: 4,
  controller: { hiddenUnits: 8, learningRate: 0.05, updates: 2, samples: 3 },
};
const SMASH = {
  name: 'smash',
  hypernet: { layers: [1, 1, 0], growth: 3 },
  candidates: 4,
  perturbations: 3,
  chain: 3,
  scoreMinibatches: 2,
};
const DIAGNOSED = { hessianEvery: 1, iterations: 2, earlyStopping: true };

const SEARCHES: Readonly<Record<string, SearchSpec>> = {
  'random-weight-sharing, darts-cnn': search(SHARED, DARTS, 1),
  'random-weight-sharing, nas-bench-201, batch statistics': search(
    { ...SHARED, scoreStatistics: 'batch' },
    NB201,
    3,
  ),
  'random-weight-sharing, enas-micro': search(
    { ...SHARED, scoreStatistics: 'batch' },
    { name: 'enas-micro' },
    2,
  ),
  'darts, second order': search({ name: 'darts' }, DARTS, 1),
  'darts, first order': search({ name: 'darts', optimization: 'first-order' }, DARTS, 1),
  'darts, coordinate descent': search({ name: 'darts', optimization: 'coordinate-descent' }, DARTS, 1),
  'darts, joint': search({ name: 'darts', optimization: 'joint-sgd' }, DARTS, 1),
  'darts, diagnosed': search(
    { name: 'darts', optimization: 'first-order', diagnostics: DIAGNOSED },
    DARTS,
    1,
    { epochs: 12 },
  ),
  'snas, darts-cnn': search({ name: 'snas' }, DARTS, 1),
  'snas, nas-bench-201': search({ name: 'snas' }, NB201, 3),
  'enas, enas-macro': search(ENAS, { name: 'enas-macro', depth: 3 }, 2),
  'enas, enas-micro': search(ENAS, { name: 'enas-micro' }, 2),
  'enas, nas-bench-201': search(ENAS, NB201, 3),
  smash: search(SMASH, { name: 'smash', depth: 1, width: 1, maxWidth: 2, maxKernel: 3, maxGroups: 2 }, 1),
};

const training = (name: SpaceName): ProgramSpec => {
  const common = task({ name }, 3, { batchSize: 8, epochs: 1 });
  const { genotype } = spaceOf(common.space).sample(randomFromSeed(7));
  return { kind: 'train-network', genotype, trainOn: 'train', evaluateOn: 'validation', ...common };
};

/** A tiny program of every search of one job, and the training of a network of every space of images. */
export const SPECS: Readonly<Record<string, ProgramSpec>> = {
  ...SEARCHES,
  ...Object.fromEntries(
    SPACE_NAMES.filter((name) => definitionOf(name).task === 'image-classification').map((name) => [
      `network of ${name}`,
      training(name),
    ]),
  ),
};
