import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../nas/protocol/compare-runs.ts';
import type { ComparedRun } from '../../nas/protocol/compare-runs.ts';
import { seedStatistics } from '../../nas/protocol/statistics.ts';
import { printComparison } from '../../scripts/runs/print-comparison.ts';
import { runRecordForTests } from '../support/run-record.ts';

const compared = (
  runId: string,
  values: readonly number[] | undefined,
  change: Parameters<typeof runRecordForTests>[1] = {},
): ComparedRun => ({
  record: runRecordForTests(runId, change),
  view: {
    runId,
    experiment: 'toy',
    status: 'done',
    stages: [
      {
        name: 'proxy-search',
        status: 'done',
        jobs: [
          { jobId: 'stage-1/seed-0', kind: 'search', status: 'done', seed: 0, attempts: 3, reclaims: 2 },
        ],
      },
    ],
    ...(values === undefined ? {} : { winner: { genotype: `G-${runId}`, test: seedStatistics(values) } }),
  },
  cost: {
    stages: [{ name: 'proxy-search', jobs: 1, multiplyAdds: 1e12, images: 10, seconds: 90, dollars: 0.5 }],
  },
});

describe('comparing two runs', () => {
  it('finds the better winner where the interval excludes zero, and what differs', () => {
    const comparison = compareRuns(
      compared('a', [0.93, 0.932, 0.931]),
      compared('b', [0.9, 0.902, 0.901], { strategy: { name: 'darts' }, description: 'another' }),
    );
    expect(comparison.test).toMatchObject({ kind: 'first-better' });
    expect(comparison.test.text).toMatch(
      /^the winner of a is better: \+3\.00 percentage points, 95 % interval \+2\.\d\d to \+3\.\d\d \(Welch, n = 3 and 3\)$/,
    );
    expect(comparison.test.caveats).toEqual([expect.stringContaining('searching again')]);
    const fields = comparison.differences.map(({ field }) => field);
    expect(fields).toContain('strategy.name');
    expect(fields).not.toContain('description');
    expect(comparison.first).toMatchObject({ attempts: 3, reclaims: 2, seconds: 90, dollars: 0.5 });
    const text = printComparison(comparison);
    expect(text.split('\n')[0]).toBe(comparison.test.text);
    expect(text).toMatch(/strategy\.name +random-weight-sharing +darts/);
    expect(text).toContain('G-a');
  });

  it('says the same of the runs the other way round', () => {
    const [a, b] = [compared('a', [0.93, 0.932]), compared('b', [0.9, 0.902])];
    expect(compareRuns(b, a).test.kind).toBe('second-better');
    expect(compareRuns(b, a).test.difference).toBeCloseTo(-(compareRuns(a, b).test.difference ?? 0), 12);
  });

  it('does not tell winners apart whose interval holds zero, or whose spread is unknown', () => {
    expect(compareRuns(compared('a', [0.9, 0.95]), compared('b', [0.91, 0.93])).test.kind).toBe(
      'not-distinguishable',
    );
    expect(compareRuns(compared('a', [0.99]), compared('b', [0.5, 0.6])).test).toMatchObject({
      kind: 'unknown',
      text: expect.stringContaining('nothing can be said at n = 1 and 2') as string,
    });
    expect(compareRuns(compared('a', undefined), compared('b', [0.5, 0.6])).test.text).toBe(
      'no test accuracy of a yet',
    );
  });

  it('compares searches where both runs have several, and winners where one has not', () => {
    const searched = (runId: string, means: readonly number[]): ComparedRun => {
      const run = compared(runId, [0.5, 0.6]);
      const of = (score: number) => ({ genotype: 'g', test: seedStatistics([score - 0.01, score + 0.01]) });
      const pairs = means.map((score, search) => ({ search, winner: of(score), baseline: of(0.9) }));
      return { ...run, view: { ...run.view, pairs } };
    };
    const [a, b] = [searched('a', [0.93, 0.931, 0.932]), searched('b', [0.9, 0.902])];
    const comparison = compareRuns(a, b);
    expect(comparison.test).toMatchObject({ of: 'searches', kind: 'first-better', caveats: [] });
    expect(comparison.test.text).toMatch(/^the search of a is better: .*\(Welch, n = 3 and 2 searches\)$/);
    expect(comparison.first.searches).toMatchObject({ found: { n: 3 }, random: { mean: 0.9 } });
    expect(printComparison(comparison)).toMatch(/test, searches +93\.10 % ± 0\.10 % \(n = 3 searches\)/);
    const mixed = compareRuns(a, compared('c', [0.9, 0.92]));
    expect(mixed.test.of).toBe('cells');
    expect(mixed.test.caveats[0]).toContain('searching again');
    expect(printComparison(compareRuns(compared('c', [0.9]), compared('d', [0.9])))).not.toContain(
      'searches',
    );
  });

  it('says where stage 3 trains differently', () => {
    const longer = { stages: { evaluate: { seeds: [0, 1], recipe: { epochs: 77 } } } };
    const { test } = compareRuns(compared('a', [0.9, 0.91]), compared('b', [0.9, 0.92], longer));
    expect(test.caveats).toEqual(
      expect.arrayContaining([expect.stringContaining('stage 3 trains the winners differently')]),
    );
  });

  it('refuses runs on different images', () => {
    const a = compared('a', [0.9, 0.91]);
    const manifest = { ...a.record.dataset.manifest, sha256: 'f'.repeat(64) };
    const other = (name: string) => ({
      ...a,
      record: { ...a.record, runId: 'b', dataset: { name, manifest } },
    });
    expect(() => compareRuns(a, other('cifar10'))).toThrow(/a on toy, b on cifar10.*the same data set/);
    expect(() => compareRuns(a, other('toy'))).toThrow('toy was replaced between the two');
  });
});
