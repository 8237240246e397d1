import type { Recipe } from '../../task/recipe.ts';
import { adam } from './adam.ts';
import { asgd } from './asgd.ts';
import type { Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

/** The optimiser that a recipe names. */
export const optimizerOf = (settings: Recipe['optimizer']): Optimizer => {
  switch (settings.kind) {
    case 'sgd':
      return sgd(settings);
    case 'asgd':
      return asgd(settings);
    case 'adam':
      return adam(settings);
    case 'rmsprop':
      return rmsprop(settings);
  }
};
