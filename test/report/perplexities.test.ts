import { beforeAll, describe, expect, it } from 'vitest';
import { buildReport } from '../../nas/report/build-report.ts';
import { retrainingCurves } from '../../nas/report/charts/retraining-curves.ts';
import { searchCurves } from '../../nas/report/charts/search-curves.ts';
import { testScores } from '../../nas/report/charts/test-accuracies.ts';
import { renderReport } from '../../nas/report/render-report.ts';
import type { RunReport } from '../../nas/report/run-report.ts';
import { differenceText, otherwiseText } from '../../nas/report/statements.ts';
import type { Json } from '../../nas/core/json.ts';
import type { TextTypes } from '../../nas/task/text/language-modelling.ts';
import type { ReportedData } from '../../nas/task/task.ts';
import { finishedRun } from './fixtures.ts';

const part = { unigram: 687, bigram: 201, unseen: 0 };
const text: ReportedData<TextTypes> = {
  task: 'language-modelling',
  name: 'letters',
  vocabulary: { blob: { sha256: 'c'.repeat(64), bytes: 9 }, size: 10_000 },
  counts: { train: 929_589, validation: 73_760, test: 120 },
  baselines: { validation: part, test: { ...part, bigram: 186.5 } },
  sha256: 'e'.repeat(64),
  source: 'letters',
  licence: 'none',
  verified: 'UTF-8 text',
};

/** Fields that hold scores; fractions become negative logarithms of perplexities around 80. */
const SCORES = /^(accuracy|trainAccuracy|validationAccuracy|score|mean|best|values|scores|rescored)$/;
const moved = (value: Json, isScore = false): Json => {
  if (typeof value === 'number') return isScore ? value - 5.2 : value;
  if (Array.isArray(value)) return value.map((item) => moved(item as Json, isScore));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, moved(item as Json, isScore || SCORES.test(key))]),
  );
};

let report: RunReport;
let pages: Readonly<Record<string, string>>;
beforeAll(async () => {
  const run = buildReport(finishedRun());
  const searched = run.searches.map(({ scores, ...search }) => ({
    ...(moved(search as unknown as Json) as unknown as typeof search),
    scores: { ...scores, from: scores.from - 5.2 },
  }));
  report = {
    ...run,
    configuration: { ...run.configuration, task: { kind: 'language-modelling', data: 'letters' } },
    data: text,
    searches: searched,
    retrainings: moved(run.retrainings as unknown as Json) as unknown as RunReport['retrainings'],
    evaluations: moved(run.evaluations as unknown as Json) as unknown as RunReport['evaluations'],
    winner: moved(run.winner as unknown as Json) as unknown as NonNullable<RunReport['winner']>,
    baseline: moved(run.baseline as unknown as Json) as unknown as NonNullable<RunReport['baseline']>,
  };
  pages = await renderReport(report);
});

describe('a report of perplexities', () => {
  it('says them, their ratios, and what the programs of papers would say', () => {
    const { mean } = report.winner!.test;
    const markdown = pages['report.md']!;
    expect(markdown).toContain(`**${Math.exp(-mean).toFixed(2)} ± `);
    expect(differenceText(report)).toMatch(/: [+−]\d+\.\d\d % of test perplexity, paired 95 % interval \[/);
    const other = Math.exp((-mean * 119) / 120).toFixed(2);
    expect(otherwiseText(report)).toMatch(
      new RegExp(`^Divided by all rows .*AWD-LSTM.*: search ${other}, random \\d+\\.\\d\\d\\.$`),
    );
    for (const page of ['report.md', 'report.html'])
      expect(pages[page]!.replaceAll('&#39;', "'")).toContain(otherwiseText(report));
  });

  it('has the baselines of the text beside them', () => {
    expect(pages['report.md']).toContain('687.0 of a unigram model, 186.5 of a bigram model');
    expect(pages['report.md']).toContain('the validation text of the data set');
  });

  it('has the head of a text that the winner of the first seed writes', async () => {
    const written = (seed: number): string => `<unk> & ${seed}\n\nw`;
    const { genotype } = report.winner!;
    const evaluations = report.evaluations.map((entry) => ({ ...entry, specimen: written(entry.seed) }));
    const seeds = evaluations
      .filter((entry) => entry.contender === 'winner' && entry.genotype === genotype)
      .map(({ seed }) => seed);
    const first = Math.min(...seeds);
    const of = await renderReport({ ...report, evaluations: evaluations.toReversed() });
    expect(of['report.html']).toContain(`<pre class="wrap">&lt;unk&gt; &amp; ${first}\n\nw</pre>`);
    expect(of['report.md']).toContain(`seed ${first}: the head of a text that it writes`);
    expect(of['report.md']).toContain(`    <unk> & ${first}\n    \n    w`);
    for (const page of ['report.md', 'report.html']) expect(pages[page]).not.toContain('the head of a text');
  });

  it('draws them on logarithmic axes', () => {
    const log = { type: 'log', nice: false };
    expect(retrainingCurves(report)).toMatchObject({ encoding: { y: { scale: log } } });
    expect(searchCurves(report, 'trainAccuracy')).toMatchObject({ encoding: { y: { scale: log } } });
    expect(testScores(report)).toMatchObject({
      layer: [{ encoding: { y: { scale: log } } }, {}, {}, {}, {}, {}],
    });
    const figure = pages['figures/retraining-curves.svg']!;
    expect(figure).toContain('validation perplexity');
    expect(figure).not.toMatch(/NaN|Infinity/);
  });
});
