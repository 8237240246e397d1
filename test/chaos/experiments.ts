import { fileURLToPath } from 'node:url';
import { readExperiment } from '../../scripts/runs/prepare-run.ts';
import type { LoadedExperiment } from '../../nas/experiment/load-experiment.ts';

/**
 * An epoch of a mixture costs as much as the training of dozens of tiny cells, all of which the baseline
 * would train.
 */
const FEW_CELLS = ['stages.search.recipe.epochs=1', 'stages.retrain.recipe.epochs=4'];

/**
 * Searches of a soak by name: overrides of `micro.yaml`. Each goes through all three stages, so each has jobs
 * that search, retrain and evaluate; `evolution` and `asha` search by trials, each a job, and `asha` goes on
 * with promoted ones.
 */
export const EXPERIMENTS = {
  'random-ws': [],
  darts: ['strategy={ name: darts, optimization: second-order }', ...FEW_CELLS],
  snas: ['strategy={ name: snas }', ...FEW_CELLS],
  enas: [
    'space={ name: enas-micro }',
    'strategy={ name: enas, candidates: 4, controller: { hiddenUnits: 8, updates: 4, samples: 2 } }',
  ],
  evolution: [
    'strategy={ name: regularized-evolution, populationSize: 2, tournamentSize: 2 }',
    'stages.search.evaluations=4',
    'stages.search.recipe.epochs=1',
    'stages.search.recipe.batchSize=200',
  ],
  asha: [
    'strategy={ name: asha, eta: 2, minFidelity: 0.5 }',
    'stages.search.evaluations=6',
    'stages.search.recipe.epochs=2',
    'stages.search.recipe.batchSize=200',
  ],
} as const satisfies Record<string, readonly string[]>;
export type ExperimentName = keyof typeof EXPERIMENTS;

export const readSmallExperiment = (name: ExperimentName): Promise<LoadedExperiment> =>
  readExperiment(fileURLToPath(new URL('micro.yaml', import.meta.url)), [
    `name=chaos-${name}`,
    ...EXPERIMENTS[name],
  ]);
