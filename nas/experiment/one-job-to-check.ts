import type { Place } from '../core/place.ts';
import type { OneJobChoice } from '../search/one-job/registry.ts';
import type { SearchToCheck } from '../search/one-job/one-job-search.ts';
import type { Experiment } from './experiment.ts';

/** The part of an experiment that a search of one job checks. */
export const oneJobToCheck = (
  strategy: OneJobChoice,
  space: Experiment['space'],
  { search: { recipe } }: Experiment['stages'],
  place: Place,
): SearchToCheck<OneJobChoice> => ({ name: strategy.name, options: strategy, space, recipe, place });
