import { contenderOf } from '../job/contender.ts';
import type { Contender } from '../job/job-report.ts';
import type { JobReport } from '../job/job-report.ts';
import type { Metric } from '../task/metric.ts';
import type { ContenderView, PairView, RunView } from './run-view.ts';
import { searchVerdict } from './search-verdict.ts';
import { pairedVerdict, seedStatistics } from './statistics.ts';
import { comparedSearches, trainedCells } from './stages.ts';
import type { TrainedCell } from './stages.ts';

interface TestedSeed {
  readonly seed: number;
  readonly genotype: string;
  readonly score: number;
}

/** Test scores of one contender, by seed; against one search where `search` names it. */
const testedSeeds = (who: Contender, reports: readonly JobReport[], search?: number): TestedSeed[] =>
  reports
    .flatMap(({ job, result }) =>
      job.kind === 'evaluate' &&
      contenderOf(job) === who &&
      job.search === search &&
      result?.scoredOn === 'test'
        ? [{ seed: job.seed, genotype: job.genotype, score: result.accuracy }]
        : [],
    )
    .sort((a, b) => a.seed - b.seed);

const contender = (
  tested: readonly TestedSeed[],
  selection: readonly TrainedCell[],
): ContenderView | undefined => {
  const genotype = tested[0]?.genotype;
  if (genotype === undefined) return undefined;
  const selected = selection.find((cell) => cell.genotype === genotype);
  return {
    genotype,
    test: seedStatistics(tested.map((t) => t.score)),
    ...(selected === undefined ? {} : { validationAccuracy: selected.score }),
  };
};

type Contenders = Pick<RunView, 'winner' | 'baseline'>;

/** Both sides of one comparison, as far as they were tested. */
const contenders = (
  retraining: readonly JobReport[],
  evaluation: readonly JobReport[],
  search?: number,
): Contenders => {
  const winner = contender(testedSeeds('winner', evaluation, search), trainedCells(retraining, search));
  const baseline = contender(testedSeeds('baseline', evaluation, search), trainedCells(evaluation, search));
  return {
    ...(winner === undefined ? {} : { winner }),
    ...(baseline === undefined ? {} : { baseline }),
  };
};

/** The verdict on two cells over the training seeds that finished for both; none without such a seed. */
const cellVerdict = (
  evaluation: readonly JobReport[],
  metric: Metric,
  search?: number,
): Pick<RunView, 'verdict'> => {
  const random = testedSeeds('baseline', evaluation, search);
  const both = testedSeeds('winner', evaluation, search).flatMap((winner) => {
    const baseline = random.find((other) => other.seed === winner.seed);
    return baseline === undefined ? [] : [[winner.score, baseline.score] as const];
  });
  if (both.length === 0) return {};
  const [winners, baselines] = [both.map(([w]) => w), both.map(([, b]) => b)];
  return { verdict: pairedVerdict(winners, baselines, metric) };
};

const bestByValidation = (views: readonly ContenderView[]): ContenderView | undefined =>
  [...views].sort(
    (a, b) =>
      (b.validationAccuracy ?? Number.NEGATIVE_INFINITY) - (a.validationAccuracy ?? Number.NEGATIVE_INFINITY),
  )[0];

/**
 * Stage 3's statement. Where searches are compared one by one, it is about the search, over those of which
 * both sides were tested; with one of them, and where all searches are one sample, it is about two cells.
 */
export const conclude = (
  retraining: readonly JobReport[],
  evaluation: readonly JobReport[],
  metric: Metric,
): Pick<RunView, 'winner' | 'baseline' | 'pairs' | 'verdict'> => {
  const searches = comparedSearches(retraining);
  if (searches.length === 0)
    return { ...contenders(retraining, evaluation), ...cellVerdict(evaluation, metric) };
  const found = searches.map((search) => ({ search, ...contenders(retraining, evaluation, search) }));
  const winner = bestByValidation(found.flatMap((one) => one.winner ?? []));
  const baseline = bestByValidation(found.flatMap((one) => one.baseline ?? []));
  const pairs = found.flatMap(({ search, winner, baseline }): PairView[] =>
    winner === undefined || baseline === undefined ? [] : [{ search, winner, baseline }],
  );
  const [only, ...others] = pairs;
  const verdict = (): Pick<RunView, 'verdict'> => {
    if (only === undefined) return {};
    if (others.length === 0) return cellVerdict(evaluation, metric, only.search);
    const scores = pairs.map((pair) => ({
      winner: pair.winner.test.values,
      baseline: pair.baseline.test.values,
    }));
    return { verdict: searchVerdict(scores, metric) };
  };
  return {
    ...(winner === undefined ? {} : { winner }),
    ...(baseline === undefined ? {} : { baseline }),
    pairs,
    ...verdict(),
  };
};
