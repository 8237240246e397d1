import { z } from 'zod';
import { inputError } from '../../core/input-error.ts';
import { architectureAdam, checkMixture, mixtureCourse } from './mixture.ts';
import type { MixturePlan } from './mixture.ts';
import { oneJobSearch } from './one-job-search.ts';

/** One minibatch of training images moves everything; the held-out part is only evaluated. */
export const SNAS_PLAN: MixturePlan = { trainsOn: 'train', passes: { training: 1, search: 0 } };

/** SNAS: a mixture of which every step samples nearly one operation an edge. */
export const snas = oneJobSearch({
  name: 'snas',
  source: 'SNAS (Xie et al. 2019): one cell a search seed.',
  options: z.strictObject({
    temperature: z
      .strictObject({
        initial: z.number().positive().describe('In the first epoch.').default(1),
        final: z.number().positive().describe('In the last epoch.').default(0.03),
      })
      .describe('Temperature of the concrete distribution, linear in epochs.')
      .prefault({}),
    resourceConstraint: z
      .enum(['none', 'mild', 'moderate', 'aggressive'])
      .describe('How strongly cells are pushed to few parameters, multiply-adds and memory accesses (§2.4).')
      .default('mild'),
    architecture: architectureAdam.describe('Adam of the alphas.').prefault({}),
  }),
  program: 'mixture-search',
  trains: 'mixture',
  spaces: ['darts-cnn', 'nas-bench-201'],
  *check(search) {
    yield* checkMixture(search);
    const { initial, final } = search.options.temperature;
    if (final > initial)
      yield inputError(
        search.place(['strategy', 'temperature', 'final']),
        final,
        `at most strategy.temperature.initial = ${initial}`,
        'samples become one-hot as the temperature falls: lower final or raise initial',
      );
  },
  course: (_options, recipe, images) => mixtureCourse(SNAS_PLAN, recipe, images),
});
