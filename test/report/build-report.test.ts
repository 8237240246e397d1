import { describe, expect, test } from 'vitest';
import { buildReport } from '../../nas/report/build-report.ts';
import { histogramOf } from '../../nas/report/histogram.ts';
import { failedRun, finishedRun } from './fixtures.ts';

describe('buildReport of a finished run', () => {
  const documents = finishedRun();
  const report = buildReport(documents);

  test('holds the run’s view as it is, so that its JSON answers like status', () => {
    expect(report).toMatchObject(documents.view);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('retrainings are ranked, and know who found them and what stage 1 said', () => {
    const accuracies = report.retrainings.map(({ accuracy }) => accuracy);
    expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a));
    const found = report.retrainings.filter(({ by }) => by === 'winner');
    expect(found.map(({ proxy }) => proxy?.rank).sort()).toEqual([1, 1, 2, 2]);
    expect(
      report.retrainings.filter(({ by }) => by === 'baseline').every(({ proxy }) => proxy === undefined),
    ).toBe(true);
    const [first] = found;
    const search = documents.results[`stage-1/seed-${first!.proxy!.searchSeed}`];
    if (search?.kind !== 'search') throw new Error('no search');
    const candidate = search.candidates[first!.proxy!.rank - 1];
    expect([candidate?.genotype, candidate?.rescored]).toEqual([first!.genotype, first!.proxy!.score]);
  });

  test('proxy fidelity pairs score and accuracy of the same cell', () => {
    const { points, correlation } = report.proxyFidelity;
    expect(points).toHaveLength(4);
    expect(correlation.n).toBe(4);
    for (const { jobId, score, accuracy } of points) {
      const cell = report.retrainings.find((entry) => entry.jobId === jobId)!;
      expect([cell.proxy?.score, cell.accuracy]).toEqual([score, accuracy]);
    }
  });

  test('spending adds up: machine time from Batch, work from the results, reclaims from the jobs', () => {
    const [search, , evaluate] = report.spending;
    expect(search).toMatchObject({
      stage: 'proxy-search',
      jobs: 2,
      attempts: 3,
      reclaims: 1,
      images: 240_000,
    });
    expect(search!.machineSeconds).toBe(50 + 96 + 140);
    expect(search!.dollars).toBeCloseTo((286 / 3600) * 0.3, 12);
    expect(search!.onDemandDollars).toBeCloseTo(286 / 3600, 12);
    expect(search!.wallSeconds).toBeGreaterThan(140);
    expect(evaluate!.jobs).toBe(8 + 3 + 3);
  });

  test('attempts are in the order in which they began, each in its stage', () => {
    const starts = report.attempts.map(({ startedAt }) => startedAt);
    expect(starts).toEqual([...starts].sort());
    expect(report.attempts).toHaveLength(2 + 1 + 4 + 8 + 6);
    expect(report.attempts.find(({ fromStep }) => fromStep > 0)).toMatchObject({
      jobId: 'stage-1/seed-0',
      epoch: 2,
      stage: 'proxy-search',
    });
    expect(report.provenance.endedAt).toBe(
      report.attempts
        .map(({ endedAt }) => endedAt)
        .sort()
        .at(-1),
    );
  });

  test('has no failures', () => {
    expect(report.failures).toEqual([]);
  });

  test('a stage without a record is charged what its attempts ran', () => {
    const early = buildReport({ ...documents, stages: [] });
    expect(early.spending[0]?.machineSeconds).toBe(286);
  });

  test('jobs of a cancelled run, which reported nothing, have the attempts and reclaims that these noted', () => {
    const [search, ...others] = documents.view.stages;
    const jobs = search!.jobs.map((job) => ({
      ...job,
      status: 'cancelled' as const,
      attempts: 0,
      reclaims: 0,
    }));
    const view = { ...documents.view, stages: [{ ...search!, jobs }, ...others] };
    const noted = Object.fromEntries(
      Object.entries(documents.attempts).map(([jobId, [first, ...further]]) => [
        jobId,
        jobId === 'stage-1/seed-0'
          ? [{ ...first!, notice: { kind: 'reclaim' as const, at: first!.startedAt } }, ...further]
          : [first!, ...further],
      ]),
    );
    const cancelled = buildReport({ ...documents, attempts: noted, view, stages: [] });
    expect(cancelled.spending[0]).toMatchObject({ attempts: 3, reclaims: 1, machineSeconds: 286 });
    expect(cancelled.stages[0]?.jobs).toMatchObject([
      { attempts: 2, reclaims: 1 },
      { attempts: 1, reclaims: 0 },
    ]);
  });
});

test('a failed run has a report of what is there', () => {
  const report = buildReport(failedRun());
  expect(report.searches).toHaveLength(2);
  expect([report.retrainings, report.evaluations, report.proxyFidelity.points]).toEqual([[], [], []]);
  expect(report.proxyFidelity.correlation.tau).toBeUndefined();
  expect(report.failures).toEqual([
    {
      jobId: expect.stringMatching(/^stage-2\/cell-/),
      outcome: 'diverged',
      attempts: 1,
      error: 'loss is NaN at step 12',
    },
  ]);
  expect(report.spending[2]).toMatchObject({ jobs: 0, machineSeconds: 0 });
});

test('histograms count every value once, the largest in the last bin', () => {
  expect(histogramOf([0, 1, 2, 3, 4, 4], 4)).toEqual({ from: 0, width: 1, counts: [1, 1, 1, 3] });
  expect(histogramOf([0.5, 0.5], 4)).toEqual({ from: 0.5, width: 0, counts: [2] });
  expect(histogramOf([], 4)).toEqual({ from: 0, width: 0, counts: [] });
});
