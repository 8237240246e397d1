import { contenderOf } from '../job/contender.ts';
import type { Contender } from '../job/job-report.ts';
import type { JobReport } from '../job/job-report.ts';
import type { Metric } from '../task/metric.ts';
import type { ContenderView, RunView } from './run-view.ts';
import { pairedVerdict, seedStatistics } from './statistics.ts';
import type { TrainedCell } from './stages.ts';

interface TestedSeed {
  readonly seed: number;
  readonly genotype: string;
  readonly score: number;
}

/** Test scores of one contender, by seed. */
const testedSeeds = (who: Contender, reports: readonly JobReport[]): TestedSeed[] =>
  reports
    .flatMap(({ job, result }) =>
      job.kind === 'evaluate' && contenderOf(job) === who && result?.scoredOn === 'test'
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

const cells = (kind: 'retrain' | 'baseline', reports: readonly JobReport[]): TrainedCell[] =>
  reports.flatMap(({ job, result }) =>
    job.kind === kind && result !== undefined
      ? [{ jobId: job.jobId, genotype: job.genotype, score: result.accuracy }]
      : [],
  );

/**
 * Stage 3's statement: both contenders over the seeds that finished, and the verdict over the seeds that
 * finished for both, paired by seed. Without such a pair there is no verdict.
 */
export const conclude = (
  retraining: readonly JobReport[],
  evaluation: readonly JobReport[],
  metric: Metric,
): Pick<RunView, 'winner' | 'baseline' | 'verdict'> => {
  const tested = { winner: testedSeeds('winner', evaluation), baseline: testedSeeds('baseline', evaluation) };
  const winner = contender(tested.winner, cells('retrain', retraining));
  const baseline = contender(tested.baseline, cells('baseline', evaluation));
  const pairs = tested.winner.flatMap((w) => {
    const b = tested.baseline.find((other) => other.seed === w.seed);
    return b === undefined ? [] : [[w.score, b.score] as const];
  });
  return {
    ...(winner === undefined ? {} : { winner }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(pairs.length === 0
      ? {}
      : {
          verdict: pairedVerdict(
            pairs.map(([w]) => w),
            pairs.map(([, b]) => b),
            metric,
          ),
        }),
  };
};
