import { inputError } from '../../core/input-error.ts';
import type { InputError } from '../../core/input-error.ts';
import type { SearchedParts } from './course.ts';
import type { SearchRecipe, SearchToCheck } from './one-job-search.ts';

type Search = SearchToCheck<unknown>;

const ELSEWHERE = 'leave it out in stages.search; stages.retrain and stages.evaluate may have it';

/** The search trains without these parts of a recipe. */
export function* checkUnused(
  { name, recipe, place }: Search,
  fields: readonly (keyof SearchRecipe & ('auxiliaryWeight' | 'dropPath' | 'dropout' | 'emaDecay'))[],
): Generator<InputError> {
  for (const field of fields)
    if (recipe[field] !== undefined && recipe[field] !== 0)
      yield inputError(
        place(['stages', 'search', 'recipe', field]),
        recipe[field],
        `0 while ${name} searches`,
        ELSEWHERE,
      );
}

/** What moves an architecture needs all digits. */
export function* checkAllDigits({ name, recipe, place }: Search): Generator<InputError> {
  if (recipe.precision !== 'float32')
    yield inputError(
      place(['stages', 'search', 'recipe', 'precision']),
      recipe.precision,
      `float32 while ${name} searches: rounding drowns the differences that move the architecture`,
      ELSEWHERE,
    );
}

/** The validation part fills a minibatch; `reason` says what for. */
export function* checkWholeMinibatch(
  { recipe, example, place }: Search,
  { validation }: SearchedParts,
  dataset: string,
  reason: string,
): Generator<InputError> {
  if (recipe.batchSize > validation)
    yield inputError(
      place(['stages', 'search', 'recipe', 'batchSize']),
      recipe.batchSize,
      `at most the ${validation} validation ${example}s of ${dataset}: ${reason}`,
      'choose a smaller batch, or hold out more',
    );
}
