import { z } from 'zod';
import { inputError } from '../../core/input-error.ts';
import { definitionOf, spacesSharing } from '../../space/registry.ts';
import { checkWholeMinibatch } from './checks.ts';
import { repeated, scoring, scoringInOrder, training, unpadded } from './course.ts';
import { oneJobSearch } from './one-job-search.ts';

/**
 * Random search with weight sharing: cells sampled uniformly, while the shared weights are trained and when
 * they are scored.
 */
export const randomWeightSharing = oneJobSearch({
  name: 'random-weight-sharing',
  source: 'Random search with weight sharing (Li & Talwalkar 2019, §3 and §4.2).',
  options: z.strictObject({
    candidates: z
      .number()
      .int()
      .min(1)
      .describe('Cells scored with the shared weights after training.')
      .default(1000),
    scoreMinibatches: z
      .number()
      .int()
      .min(1)
      .describe('Validation minibatches that score each candidate.')
      .default(10),
    rounds: z
      .number()
      .int()
      .min(1)
      .describe('Rounds of equal size that the candidates are drawn in (§4.2: rounds of 1,000).')
      .default(1),
    rescore: z
      .number()
      .int()
      .min(1)
      .describe('Best candidates of each round re-scored on the whole validation set.')
      .default(10),
    scoreStatistics: z
      .enum(['running', 'batch'])
      .describe(
        'Batch-norm statistics that score a cell: the running ones, or those of the minibatch (Dong & Yang 2020, §5).',
      )
      .default('running'),
  }),
  program: 'weight-sharing-search',
  trains: 'children',
  spaces: spacesSharing('edges', 'children'),
  candidates: ({ candidates }) => candidates,
  *check({ options: { candidates, rounds, rescore, scoreStatistics }, space, place }) {
    // Rounds are equal, and each has the cells that it re-scores.
    if (candidates % rounds !== 0)
      yield inputError(
        place(['strategy', 'rounds']),
        rounds,
        `a divisor of strategy.candidates = ${candidates}`,
        'rounds are of equal size',
      );
    else if (rescore > candidates / rounds)
      yield inputError(
        place(['strategy', 'rescore']),
        rescore,
        rounds === 1
          ? `at most strategy.candidates = ${candidates}`
          : `at most the ${candidates / rounds} candidates of a round`,
        'lower rescore or raise candidates',
      );
    const { statistics = ['batch'] } = definitionOf(space.name).sharesWeights ?? {};
    if (!statistics.includes(scoreStatistics))
      yield inputError(
        place(['strategy', 'scoreStatistics']),
        scoreStatistics,
        `${statistics.join(' or ')} in the space ${space.name}`,
        scoreStatistics === 'running'
          ? 'its children share no running statistics: write scoreStatistics: batch'
          : 'write scoreStatistics: running',
      );
  },
  checkData: (search, parts, dataset) =>
    checkWholeMinibatch(search, parts, dataset, 'architectures are scored on whole minibatches'),
  course: (options, { epochs }, cuts) => {
    const { candidates, scoreMinibatches, rounds, rescore, scoreStatistics } = options;
    const shared = cuts.training('train', 'data');
    const drawn = cuts.drawn('score-data');
    const whole = cuts.inOrder('validation');
    // Padding would be part of a minibatch's statistics.
    const rescoring = scoringInOrder(whole, scoreStatistics === 'batch' ? unpadded(whole) : whole.steps(0));
    return [
      ...repeated('training', epochs, (epoch) => training(shared, epoch)),
      ...repeated('scoring', candidates, (i) => scoring(drawn, scoreMinibatches, i * scoreMinibatches)),
      ...repeated('re-scoring', rounds * rescore, () => rescoring),
    ];
  },
});
