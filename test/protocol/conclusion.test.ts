import { describe, expect, it } from 'vitest';
import type { JobReport, PlannedJob, PlannedTraining } from '../../nas/job/job-report.ts';
import { budgetOf, paidFor } from '../../nas/protocol/budget.ts';
import { conclude } from '../../nas/protocol/conclusion.ts';
import { termsOf } from '../../nas/task/terms.ts';

const { metric } = termsOf();

/** A job that scored, or failed without a score; it cost 10 multiply-adds and took 2 s. */
const report = (
  job: PlannedJob,
  accuracy: number | undefined,
  change: Partial<JobReport> = {},
): JobReport => ({
  job,
  outcome: accuracy === undefined ? 'diverged' : 'succeeded',
  attempts: 1,
  reclaims: 0,
  seconds: 2,
  dollars: 0,
  ...(accuracy === undefined
    ? {}
    : {
        result: {
          uri: 's3://b/k',
          sha256: '',
          genotype: 'genotype' in job ? job.genotype : 'best',
          accuracy,
          scoredOn: job.kind === 'evaluate' ? ('test' as const) : ('validation' as const),
          cost: { multiplyAdds: 10, images: 1 },
        },
      }),
  ...change,
});
const training = (
  kind: PlannedTraining['kind'],
  genotype: string,
  rest: Partial<PlannedTraining> = {},
): PlannedTraining => ({
  kind,
  jobId: `${kind}/${genotype}/${rest.search}/${rest.seed}`,
  seed: 0,
  genotype,
  ...rest,
});

describe('conclude', () => {
  const tested = (who: 'winner' | 'baseline', accuracies: readonly (number | undefined)[]): JobReport[] =>
    accuracies.map((accuracy, seed) =>
      report({ kind: 'evaluate', jobId: `stage-3/${who}/seed-${seed}`, seed, genotype: who }, accuracy),
    );
  const retrained = [
    report({ kind: 'retrain', jobId: 'stage-2/cell-1', seed: 0, genotype: 'winner' }, 0.7),
    report({ kind: 'retrain', jobId: 'stage-2/cell-2', seed: 0, genotype: 'other' }, 0.6),
  ];

  it('pairs the seeds that finished for both, and keeps the others in the statistics', () => {
    const conclusion = conclude(
      retrained,
      [
        ...tested('winner', [0.9, 0.91, undefined, 0.93]),
        ...tested('baseline', [0.8, undefined, 0.82, 0.83]),
        report({ kind: 'baseline', jobId: 'stage-3/baseline/cell-1', seed: 0, genotype: 'baseline' }, 0.65),
      ],
      metric,
    );
    expect(conclusion.winner).toMatchObject({ genotype: 'winner', validationAccuracy: 0.7, test: { n: 3 } });
    expect(conclusion.baseline).toMatchObject({
      genotype: 'baseline',
      validationAccuracy: 0.65,
      test: { n: 3 },
    });
    expect(conclusion.verdict).toMatchObject({
      kind: 'better',
      text: 'better than the random cell at n = 2',
    });
    expect(conclusion.verdict?.meanDifference).toBeCloseTo(0.1, 12);
  });

  it('orders values by seed, also from ten on', () => {
    const twelve = tested(
      'winner',
      Array.from({ length: 12 }, (_, i) => i / 100),
    );
    const shuffled = [...twelve].sort((a, b) => (a.job.jobId < b.job.jobId ? -1 : 1));
    expect(conclude([], shuffled, metric).winner?.test.values).toEqual(
      Array.from({ length: 12 }, (_, i) => i / 100),
    );
  });

  it('gives no verdict without a pair, and no contender without a seed', () => {
    const conclusion = conclude(
      retrained,
      [...tested('winner', [0.9, undefined]), ...tested('baseline', [undefined, 0.8])],
      metric,
    );
    expect(conclusion.verdict).toBeUndefined();
    expect(conclude(retrained, tested('winner', [0.9]), metric).baseline).toBeUndefined();
  });
});

describe('conclude of searches that are compared one by one', () => {
  /** Winner and random cell of one search, by their scores. */
  const compared = (
    search: number,
    validation: readonly [number, number],
    winner: readonly (number | undefined)[],
    baseline: readonly (number | undefined)[],
  ) => {
    const [w, b] = [`w${search}`, `b${search}`];
    const tested = (contender: 'winner' | 'baseline', genotype: string, scores: typeof winner) =>
      scores.map((score, seed) => report(training('evaluate', genotype, { contender, seed, search }), score));
    return {
      retrained: [
        report(training('retrain', w, { search }), validation[0]),
        report(training('retrain', `${w}x`, { search }), validation[0] - 0.1),
      ],
      evaluated: [
        report(training('baseline', b, { search }), validation[1]),
        ...tested('winner', w, winner),
        ...tested('baseline', b, baseline),
      ],
    };
  };
  const concluded = (...all: readonly ReturnType<typeof compared>[]) =>
    conclude(
      all.flatMap(({ retrained }) => retrained),
      all.flatMap(({ evaluated }) => evaluated),
      metric,
    );

  it('is about the search, over searches', () => {
    const { winner, baseline, pairs, verdict } = concluded(
      compared(0, [0.7, 0.6], [0.9, 0.91], [0.8, 0.81]),
      compared(4, [0.8, 0.5], [0.92, undefined, 0.93], [0.79]),
      compared(11, [0.6, 0.65], [0.91, 0.9], [0.8, 0.8]),
    );
    expect(pairs?.map(({ search }) => search)).toEqual([0, 4, 11]);
    expect(pairs?.[1]).toMatchObject({
      winner: { genotype: 'w4', validationAccuracy: 0.8, test: { n: 2, values: [0.92, 0.93] } },
      baseline: { genotype: 'b4', validationAccuracy: 0.5, test: { n: 1 } },
    });
    expect(verdict).toMatchObject({
      kind: 'better',
      claim: 'search',
      n: 3,
      text: 'better than random search of the same budget over 3 searches',
    });
    // The cells to use: the best by validation of all searches, and of all random searches.
    expect([winner?.genotype, baseline?.genotype]).toEqual(['w4', 'b11']);
  });

  it('is about two cells where one search is left, and about nothing where none is', () => {
    const lost = compared(1, [0.9, 0.9], [0.99], [undefined]);
    const { verdict, pairs, winner } = concluded(compared(0, [0.7, 0.6], [0.9, 0.91], [0.8, 0.81]), lost);
    expect(pairs).toHaveLength(1);
    expect(verdict).toMatchObject({
      n: 2,
      text: expect.stringContaining('the random cell at n = 2') as string,
    });
    expect(verdict?.claim).toBeUndefined();
    expect(winner?.genotype).toBe('w1');
    expect(concluded(lost)).not.toHaveProperty('verdict');
  });

  it('never mixes searches with those of a run that compares all as one', () => {
    const { retrained, evaluated } = compared(0, [0.7, 0.6], [0.9], [0.8]);
    const old = evaluated.map((one) => ({ ...one, job: { ...one.job, search: undefined } as never }));
    expect(conclude(retrained, old, metric).pairs).toEqual([]);
  });
});

describe('budgetOf', () => {
  const search = (seed: number, score: number | undefined, change: Partial<JobReport> = {}) =>
    report({ kind: 'search', jobId: `stage-1/seed-${seed}`, seed }, score, change);
  const reports = [
    search(0, 0.5, { thinkingSeconds: 0.5 }),
    search(1, 0.5),
    search(2, undefined),
    report(training('gate', 'g', { search: 0 }), 0.5),
    report(training('retrain', 'a', { search: 0 }), 0.5),
    report(training('retrain', 'b', { search: 0 }), undefined),
    report(training('retrain', 'c', { search: 1 }), 0.5),
    report(training('baseline', 'd', { search: 0 }), 0.5, { seconds: 7 }),
    report(training('baseline', 'e', { search: 0 }), undefined),
    report(training('evaluate', 'a', { search: 0, contender: 'winner' }), 0.5),
  ];
  const planned = ({ genotype }: PlannedTraining): number => (genotype === 'b' ? 4 : 3);

  it('charges failed jobs what they were to cost, and counts their time and that of the strategy', () => {
    expect(budgetOf([paidFor(reports, 0)], planned)).toEqual({
      search: { multiplyAdds: 34, seconds: 8.5, jobs: 4, failed: 1 },
      random: { multiplyAdds: 13, seconds: 9, jobs: 2, failed: 1 },
    });
  });

  it('charges a lost search what the others cost on average', () => {
    const { search: spent } = budgetOf([paidFor(reports)], planned);
    expect(spent).toEqual({ multiplyAdds: 3 * 10 + 10 + 10 + 4 + 10, seconds: 14.5, jobs: 7, failed: 2 });
  });

  it('knows no time where a result was found and not made; look-ups take none', () => {
    const found = report(training('baseline', 'z', { search: 1 }), 0.5, { attempts: 0, seconds: 0 });
    const looked = report({ kind: 'search', jobId: 's', seed: 1, by: 'trials' }, 0.5, {
      attempts: 0,
      seconds: 0,
    });
    const { search: spent, random } = budgetOf([paidFor([found, looked], 1)], planned);
    expect(spent.seconds).toBe(0);
    expect(random).not.toHaveProperty('seconds');
  });
});
