import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import type { Learned } from '../strategy.ts';

/** A network that has a score. */
export type Member = { readonly genotype: Json; readonly score: number };

/** A sixth of the evaluations, within `least` and `most`: what a small budget can start a population with. */
export const sixthOf = (evaluations: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, Math.ceil(evaluations / 6)));

/** A population's size; by default a sixth of the evaluations, `most` at most. */
export const populationSize = (evaluations: number, most: number) =>
  z
    .number()
    .int()
    .min(1)
    .default(sixthOf(evaluations, Math.min(2, evaluations), most));

/** @throws InputError where a search would end before a first population of the size that `field` says. */
export const checkPopulation = (field: string, size: number, evaluations: number): void => {
  if (size > evaluations)
    throw inputError(
      `strategy.${field}`,
      size,
      `at most the ${evaluations} evaluations of the search`,
      `lower ${field} or raise evaluations`,
    );
};

/** The networks of results that have a score; infeasible ones have none. */
export const scoredMembers = (results: readonly Learned[]): Member[] =>
  results.flatMap(({ trial, score }) => (score === undefined ? [] : [{ genotype: trial.genotype, score }]));
