import { z } from 'zod';
import { ONE_JOB_SEARCHES } from '../../nas/search/one-job/registry.ts';
import type { SearchSpec } from '../../nas/job/program-spec.ts';
import type { ImageTypes } from '../../nas/task/images/image-classification.ts';
import { recipeSchema } from '../../nas/task/images/recipe.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { nasBench201, type NasBench201Genotype } from '../../nas/space/nas-bench-201.ts';

/** Shared-weight methods that are ranked. */
export const METHODS = ['random-weight-sharing', 'enas', 'darts', 'snas'] as const;
export type Method = (typeof METHODS)[number];

/** How supernets are trained and cells scored, the same for all methods but for their own options. */
export const settingSchema = z.strictObject({
  /** Of the images, which are scaled down to it, in pixels. */
  side: z.number(),
  channels: z.number(),
  /** Searched cells: three equal stages. */
  layers: z.number(),
  /** Of random sharing and ENAS; mixtures get a quarter, see `specOf`. */
  epochs: z.number(),
  batchSize: z.number(),
  /** Cells that are scored, and how many validation minibatches score each. */
  cells: z.number(),
  scoreMinibatches: z.number(),
});
export type Setting = z.infer<typeof settingSchema>;

/** What a worker leaves of one method and seed: a score a cell, and the cell that the search itself chose. */
export const outcomeSchema = z.object({ scores: z.array(z.number()).readonly(), chosen: z.string() });

/**
 * A search of the bench. A step of a mixture trains all operations and the alphas, at about four times the
 * cost of a step through one path; so mixtures train for a quarter of the epochs, and all methods cost about
 * the same.
 */
export const specOf = (
  method: Method,
  seed: number,
  { channels, layers, epochs: pathEpochs, batchSize }: Setting,
):
  | SearchSpec<'random-weight-sharing', ImageTypes>
  | SearchSpec<'enas', ImageTypes>
  | SearchSpec<'darts' | 'snas', ImageTypes> => {
  const isMixture = method === 'darts' || method === 'snas';
  const epochs = isMixture ? Math.ceil(pathEpochs / 4) : pathEpochs;
  const common = {
    space: { name: 'nas-bench-201' },
    network: { channels, layers, stem: 'cifar' },
    // As NAS-Bench-201's own searches (AutoDL-Projects f46486e, `configs/nas-benchmark/algos/RANDOM.config`
    // and `DARTS.config`), in fewer epochs and at twice their learning rate: with theirs the weights of a few
    // epochs rank cells by their skip connections.
    recipe: recipeSchema.parse({
      epochs,
      batchSize,
      optimizer: { kind: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
      schedule: { kind: 'cosine', minLearningRate: 0.001 },
      clipNorm: 5,
    }),
    data: {
      validationFraction: 0.5,
      splitSeed: 0,
      augmentation: { cropPadding: 4, horizontalFlip: true, cutout: 0 },
    },
    seed,
  } as const;
  switch (method) {
    case 'random-weight-sharing': {
      // It chooses one of 100 cells, as NAS-Bench-201's own run does by 512 images each (AutoDL-Projects
      // f46486e, `RANDOM-NAS.py:107–131`), and the ten best of them by all validation images.
      const choice = { candidates: 100, scoreMinibatches: 8, rescore: 10, scoreStatistics: 'batch' };
      const strategy = ONE_JOB_SEARCHES['random-weight-sharing'].schema.parse({ name: method, ...choice });
      return { kind: 'weight-sharing-search', strategy, ...common };
    }
    case 'enas': {
      // As NAS-Bench-201's own run of ENAS (AutoDL-Projects f46486e, `ENAS.sh`, `ENAS.config`), with fewer
      // and smaller steps of the controller an epoch: 20 of 10 cells instead of 50 of 20.
      const controller = {
        hiddenUnits: 64,
        learningRate: 0.001,
        updates: 20,
        samples: 10,
        baselineDecay: 0.99,
      };
      const strategy = ONE_JOB_SEARCHES.enas.schema.parse({ name: method, controller, candidates: 100 });
      return { kind: 'enas-search', strategy, ...common };
    }
    case 'darts': {
      const strategy = ONE_JOB_SEARCHES.darts.schema.parse({ name: method, optimization: 'first-order' });
      return { kind: 'mixture-search', strategy, ...common };
    }
    case 'snas':
      return {
        kind: 'mixture-search',
        strategy: ONE_JOB_SEARCHES.snas.schema.parse({ name: method }),
        ...common,
      };
  }
};

/** Distinct topologies, uniformly drawn: the same for every method and seed. */
export const scoredCells = (count: number): readonly NasBench201Genotype[] => {
  const random = randomFromSeed(201);
  const cells = new Map<string, NasBench201Genotype>();
  while (cells.size < count) {
    const cell = nasBench201.sample(random);
    cells.set(nasBench201.hash(cell), cell);
  }
  return [...cells.values()];
};
