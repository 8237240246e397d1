import type { Place } from '../core/place.ts';
import type { OneJobChoice } from '../search/one-job/registry.ts';
import type { SearchToCheck } from '../search/one-job/one-job-search.ts';
import { scoresAreFractions, scoresText } from '../task/metric.ts';
import { termsOf } from '../task/terms.ts';
import type { Experiment } from './experiment.ts';

/** The part of an experiment that a search of one job checks. */
export const oneJobToCheck = (
  strategy: OneJobChoice,
  { space, stages, task }: Pick<Experiment, 'space' | 'stages' | 'task'>,
  place: Place,
): SearchToCheck<OneJobChoice> => {
  const { metric, example } = termsOf(task.kind);
  return {
    name: strategy.name,
    options: strategy,
    space,
    recipe: stages.search.recipe,
    scores: {
      areFractions: scoresAreFractions(metric),
      text: scoresText(metric),
    },
    example,
    place,
  };
};
