import { z } from 'zod';
import { inputError } from '../../core/input-error.ts';
import { architectureAdam, checkMixture, mixtureCourse } from './mixture.ts';
import type { MixturePlan } from './mixture.ts';
import { oneJobSearch } from './one-job-search.ts';

/** One minibatch moves everything; the held-out part is only evaluated. */
export const snasPlan = ({ trainsOn }: Pick<MixturePlan, 'trainsOn'>): MixturePlan => ({
  trainsOn,
  passes: { training: 1, search: 0 },
});

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
      .describe(
        "How strongly cells are pushed to few parameters, multiply-adds and memory accesses (§2.4); 'mild' is λ of the authors' published command.",
      )
      .default('mild'),
    dropPath: z
      .number()
      .min(0)
      .lt(1)
      .describe(
        "Probability, the same in every step, that an edge of a cell is dropped for an image; 0.3 is that of the authors' command (`SNAS/README.md:26–28`).",
      )
      .default(0.3),
    trainsOn: z
      .enum(['train', 'train+validation'])
      .describe(
        "Images that weights and alphas are trained on; 'train+validation' is the authors' choice, with which the validation accuracy of the search is that of images it was trained on.",
      )
      .default('train'),
    architecture: architectureAdam.describe('Adam of the alphas.').prefault({}),
  }),
  program: 'mixture-search',
  trains: 'mixture',
  // Its resource term is of images.
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
  course: (options, recipe, cuts) => mixtureCourse(snasPlan(options), recipe, cuts),
});
