import { inputError, type InputError } from '../core/input-error.ts';
import { STRATEGIES } from '../search/registry.ts';
import { isBlackBox } from '../search/strategy-schema.ts';
import { scoresAreFractions, scoresText } from '../task/metric.ts';
import { metricOf } from '../task/terms.ts';
import type { Check } from './check.ts';
import type { Experiment } from './experiment.ts';

type Name = keyof typeof STRATEGIES;

/** A search by trials, and the strategy that a scheduler samples by, each with its place. */
const learners = ({ strategy }: Experiment): readonly (readonly [Name, readonly string[]])[] => {
  if (!isBlackBox(strategy)) return [];
  const { sampler } = strategy as { readonly sampler?: { readonly name?: Name } };
  return [
    [strategy.name, ['strategy', 'name']],
    ...(sampler?.name === undefined ? [] : [[sampler.name, ['strategy', 'sampler', 'name']] as const]),
  ];
};

/**
 * Rewards that are formulas of a loss are no measure of a fraction. Those that are formulas of a fraction, and weights that multiply a score, learn the opposite from scores
 * below zero.
 */
export const checkMetric: Check = function* (experiment, place): Generator<InputError> {
  const metric = metricOf(experiment);
  const areFractions = scoresAreFractions(metric);
  const scores = scoresText(metric);
  for (const [name, path] of learners(experiment)) {
    const { needsFractions, needsLosses } = STRATEGIES[name];
    const why = areFractions ? needsLosses : needsFractions;
    if (why !== undefined)
      yield inputError(
        place(path),
        name,
        `strategies that learn from ${areFractions ? 'scores from 0 to 1' : 'any score'}: ${scores}`,
        `${name} needs ${areFractions ? 'negative losses' : 'scores from 0 to 1'}, because ${why}; choose another strategy`,
      );
  }
  if (areFractions) return;
  const weights = Object.keys(experiment.stages.search.objective?.weights ?? {});
  if (weights.length > 0)
    yield inputError(
      place(['stages', 'search', 'objective', 'weights']),
      weights,
      `left out: a weight multiplies a score, and ${scores}`,
      'use limits, or a strategy that minimises measures itself',
    );
};
