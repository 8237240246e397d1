import { z } from 'zod';
import { checkWholeMinibatch } from '../../../nas/search/one-job/checks.ts';
import { repeated, scoring, training } from '../../../nas/search/one-job/course.ts';
import { oneJobSearch } from '../../../nas/search/one-job/one-job-search.ts';

/** Coin tossing: trains a random cell with each minibatch, and scores as many as it may. */
export const coinTossing = oneJobSearch({
  name: 'coin-tossing',
  source: 'Nobody (2026), §1.',
  options: z.strictObject({
    tosses: z.number().int().min(1).describe('Cells that are scored.').default(8),
  }),
  program: 'coin-tossing-search',
  trains: 'children',
  spaces: ['nas-bench-201'],
  candidates: ({ tosses }) => tosses,
  checkData: (search, parts, dataset) =>
    checkWholeMinibatch(search, parts, dataset, 'cells are scored on whole minibatches'),
  course: ({ tosses }, { epochs }, cuts) => [
    ...repeated('training', epochs, (epoch) => training(cuts.training('train', 'data'), epoch)),
    ...repeated('tossing', tosses, (toss) => scoring(cuts.drawn('score-data'), 1, toss)),
  ],
});
