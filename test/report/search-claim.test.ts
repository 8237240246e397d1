import { beforeAll, describe, expect, test } from 'vitest';
import type { BudgetView } from '../../nas/protocol/run-view.ts';
import { budgetText } from '../../nas/report/budget-text.ts';
import { buildReport } from '../../nas/report/build-report.ts';
import { renderReport } from '../../nas/report/render-report.ts';
import type { RenderedReport } from '../../nas/report/render-report.ts';
import { claimText, givenText, headline } from '../../nas/report/statements.ts';
import type { RunReport } from '../../nas/report/run-report.ts';
import { evaluationTable, pairTable } from '../../nas/report/tables.ts';
import { finishedRun } from './fixtures.ts';

describe('the report of searches that are compared one by one', () => {
  let report: RunReport;
  let files: RenderedReport;
  beforeAll(async () => {
    report = buildReport(finishedRun('search'));
    files = await renderReport(report);
  });

  test('speaks of the search, over searches', () => {
    expect(headline(report)).toBe(
      'The search is not distinguishable from random search of the same budget over 2 searches',
    );
    expect(claimText(report)).toMatch(
      /^n counts searches, .*Winners of different searches spread by \d\.\d\d points, trainings of one cell by \d\.\d\d points: 2 searches see a difference of \d+\.\d\d points in 80\u00a0% of cases\.$/,
    );
    for (const document of [files['report.md'], files['report.html'].replace(/<[^>]+>/g, ' ')]) {
      expect(document).toContain('over 2 searches');
      expect(document).toMatch(/n = 2\s+searches/);
      expect(document).toContain('The found cell that validates best');
      expect(document).not.toContain('paired 95 %');
      expect(document).toContain('of the machine time');
    }
  });

  test('has each search beside its random search', () => {
    const { columns, rows } = pairTable(report);
    expect(columns).toEqual(['search seed', 'search', 'validation', 'random', 'validation', 'difference']);
    expect(rows.map(([search]) => search)).toEqual(['0', '1']);
    const table = evaluationTable(report);
    expect(table.columns.slice(0, 2)).toEqual(['search seed', 'training seed']);
    expect(table.rows.map(([search, seed]) => [search, seed])).toEqual(
      ['0', '1'].flatMap((search) => ['0', '1', '2'].map((seed) => [search, seed])),
    );
    expect(files['figures/test-accuracies.svg']).toContain('search seed');
    expect(files['report.html']).toContain('Every search');
  });

  test('says which searches are left out', () => {
    const pairs = report.pairs ?? [];
    const [first] = pairs;
    if (first === undefined) throw new Error('no pairs');
    const others = [first, { ...first, search: 9 }];
    expect(claimText({ ...report, pairs: others })).toMatch(/Left out, .*: search seed 1\.$/);
  });

  test('of one search that is left speaks of two cells', () => {
    const { claim: _claim, spreads: _spreads, ...verdict } = report.verdict ?? { kind: 'better', text: '' };
    const left = {
      ...report,
      verdict: { ...verdict, n: 3 } as never,
      pairs: report.pairs?.slice(0, 1) ?? [],
    };
    expect(headline(left)).toMatch(/^The found cell is .* the random cell at n\u00a0=\u00a03$/);
    expect(claimText(left)).toContain('claims nothing about the search');
  });

  test('of a search on a table says what look-ups bought', () => {
    const { search } = report.configuration.stages;
    const table = { name: 't', column: 'c', unit: 'percent' as const };
    const looked = (claim: 'search' | 'cell') => ({
      ...report,
      configuration: {
        ...report.configuration,
        stages: {
          ...report.configuration.stages,
          search: { ...search, table },
          evaluate: { ...report.configuration.stages.evaluate, claim },
        },
      },
    });
    expect(givenText(looked('search'))).toMatch(/random search looked as many up in the same table/);
    expect(givenText(looked('cell'))).toMatch(/the random cell was chosen by retraining alone\.$/);
  });
});

describe('equal budget', () => {
  const budget = (seconds: readonly (number | undefined)[], failed = 0): BudgetView => {
    const [search, random] = seconds.map((time) => (time === undefined ? {} : { seconds: time }));
    return {
      search: { multiplyAdds: 10e12, jobs: 4, failed, ...search },
      random: { multiplyAdds: 10.2e12, jobs: 9, failed: 0, ...random },
    };
  };

  test('is said in multiply-adds and in time', () => {
    expect(budgetText(budget([3600, 3500]))).toBe(
      'Equal budget: stages 1 and 2 spent 10.0\u00a0T multiply-adds in 1 h 00 min, random search 10.2\u00a0T multiply-adds in ' +
        '58 min 20 s on retraining 9 random cells: 102\u00a0% of the multiply-adds and 97\u00a0% of the machine time.',
    );
  });

  test('says what it means where the two disagree by more than 10 %', () => {
    expect(budgetText(budget([3600, 2000], 1))).toMatch(
      /1 of the 13 jobs failed; what they took is counted\. Time disagrees with that by more than 10 %: in the search a multiply-add took 1\.8 times as long as in random search\. In the search’s machine time random search would have trained 1\.8 times the cells that it has; the verdict is about equal multiply-adds\.$/,
    );
    expect(budgetText(budget([1800, 3600]))).toMatch(
      /in random search a multiply-add took 2\.0 times as long as in the search.*0\.5 times the cells/,
    );
    expect(budgetText(budget([3600, 3400]))).not.toContain('disagrees');
  });

  test('does not guess times that nobody has measured', () => {
    expect(budgetText(budget([undefined, 100]))).toMatch(/share of the time is not known/);
    const nothing = { multiplyAdds: 0, jobs: 0, failed: 0, seconds: 0 };
    expect(budgetText({ search: nothing, random: nothing })).toBeUndefined();
  });
});
