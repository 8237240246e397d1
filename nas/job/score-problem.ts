import { isScore, scoreRangeText } from '../task/metric.ts';
import { metricOf } from '../task/terms.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { ProgramResult } from './program-result.ts';

/** Why no network of the experiment's task can have the score of the result; undefined where one can. */
export const scoreProblem = (experiment: Experiment, result: ProgramResult): string | undefined => {
  if (result.kind !== 'train') return undefined;
  const metric = metricOf(experiment);
  return isScore(metric, result.accuracy)
    ? undefined
    : `accuracy: ${result.accuracy}: no score of the metric ${metric.name}, allowed: ${scoreRangeText(metric)}`;
};
