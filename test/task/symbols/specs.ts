import { strategySchema } from '../../../nas/experiment/experiment.ts';
import type { SearchSpec, TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import { ONE_JOB_SEARCHES, type OneJobName } from '../../../nas/search/one-job/registry.ts';
import { symbolRecipe } from './task.ts';
import { CHAIN } from './tensors.ts';
import { SYMBOLS } from './terms.ts';

const common = (recipe: object) => ({
  space: CHAIN,
  network: { units: 6 },
  recipe: symbolRecipe(recipe),
  data: { task: SYMBOLS },
  seed: 3,
});

export const trainingOf = (
  change: Partial<TrainNetworkSpec> = {},
  recipe: object = {},
): TrainNetworkSpec => ({
  kind: 'train-network',
  genotype: 'ttrt',
  trainOn: 'train',
  evaluateOn: 'validation',
  validateEvery: 1,
  ...common(recipe),
  ...change,
});

export const searchOf = <Name extends OneJobName>(name: Name, options: object): SearchSpec<Name> => ({
  kind: ONE_JOB_SEARCHES[name].program,
  strategy: strategySchema.parse({ name, ...options }) as SearchSpec<Name>['strategy'],
  ...common({ epochs: 2 }),
});
