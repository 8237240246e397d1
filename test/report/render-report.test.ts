import { beforeAll, describe, expect, test } from 'vitest';
import { buildReport } from '../../nas/report/build-report.ts';
import { claimText, headline } from '../../nas/report/statements.ts';
import { identityTable } from '../../nas/report/tables.ts';
import { renderReport } from '../../nas/report/render-report.ts';
import type { RenderedReport } from '../../nas/report/render-report.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import { percent } from '../../nas/core/number-text.ts';
import type { RunReport } from '../../nas/report/run-report.ts';
import { failedRun, finishedRun } from './fixtures.ts';

const text = (html: string): string =>
  html.replace(/<style>[\s\S]*?<\/style>|<[^>]+>/g, ' ').replace(/\s+/g, ' ');

test('equal images of the splits, and options of the space, are in the report', async () => {
  const documents = finishedRun();
  const report = buildReport({
    ...documents,
    run: {
      ...documents.run,
      experiment: { ...documents.run.experiment, space: { name: 'enas-macro', depth: 7 } },
    },
    dataset: {
      ...(documents.dataset as ImageManifest),
      equalImages: {
        testInTraining: 12,
        testInValidation: 0,
        validationInTraining: 0,
        contradicting: 3,
        repeated: 0,
      },
    } as ImageManifest,
  });
  const { rows } = identityTable(report);
  expect(rows).toContainEqual(['space', 'enas-macro, depth 7']);
  expect(rows.find(([name]) => name === 'equal images')?.[1]).toMatch(
    /^12 of 2000 test images are training images too: .*; 3 images are the same as one of another class$/,
  );
  const uncounted = identityTable(buildReport(documents)).rows;
  expect(uncounted.map(([name]) => name)).not.toContain('equal images');
});

describe('the report of a finished run', () => {
  let report: RunReport;
  let files: RenderedReport;
  beforeAll(async () => {
    report = buildReport(finishedRun());
    files = await renderReport(report);
  });

  test('report.json is the report', () => {
    expect(JSON.parse(files['report.json'])).toEqual(report);
  });

  test('the page needs nothing but itself', () => {
    const html = files['report.html'];
    expect(html).not.toMatch(/<script|<link rel="stylesheet"|@import|url\((?!#)|src="(?!data:)/);
    const addresses = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1] ?? '');
    expect(addresses.filter((address) => !address.startsWith('#') && address !== 'data:,')).toEqual([]);
  });

  test('no identifier occurs twice in the page, and every reference has its target', () => {
    const html = files['report.html'];
    const ids = [...html.matchAll(/\bid="([^"]*)"/g)].map((match) => match[1] as string);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    for (const [, target] of html.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(target);
  });

  test('what an expert wants first is first: verdict, both means, the cells', () => {
    const page = text(files['report.html']);
    const at = (needle: string): number => {
      expect(page).toContain(needle);
      return page.indexOf(needle);
    };
    const order = [
      at('not distinguishable from the random cell at'),
      at(percent(report.winner!.test.mean).replace('\u00a0', ' ')),
      at('random search, equal budget'),
      at('The cell that was found'),
      at('Stage 3: test accuracy'),
      at('Stage 2: cells trained'),
      at('Stage 1: search'),
      at('Time, money and reclaims'),
      at('To repeat this run'),
    ];
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('page and Markdown state the same numbers', () => {
    const { winner, verdict, proxyFidelity } = report;
    for (const document of [text(files['report.html']), files['report.md'].replace(/\s+/g, ' ')]) {
      expect(document).toContain(percent(winner!.test.best).replace('\u00a0', ' '));
      const bounds = verdict!.interval.map(
        (bound) => `${bound < 0 ? '−' : '+'}${Math.abs(100 * bound).toFixed(2)}`,
      );
      expect(document).toContain(`[${bounds.join(', ')}]`);
      expect(document).toContain(`τ = ${proxyFidelity.correlation.tau!.toFixed(2)}`);
      expect(document).toContain('1 machine was reclaimed');
      expect(document).toMatch(
        /weight-sharing-search, seed 0 (\| )?120, 500 (\| )?744 (\| )?3 (\| )?identical/,
      );
      expect(document).toContain('was reclaimed on purpose after 1 checkpoint');
      expect(document).toContain(report.provenance.experimentHash.slice(0, 16));
    }
  });

  test('every figure that the Markdown shows is a file, and every file is shown; none needs a page’s variables', () => {
    const shown = [...files['report.md'].matchAll(/\]\((figures\/[^)]*)\)/g)].map(
      (match) => match[1] as string,
    );
    const written = Object.keys(files).filter((path) => path.startsWith('figures/'));
    const notShown = [
      'figures/baseline-normal-across.svg',
      'figures/baseline-reduce-across.svg',
      'figures/difference.svg',
    ];
    expect([...shown, ...notShown].sort()).toEqual(written.sort());
    for (const path of written) {
      expect(files[path]).toMatch(/^<svg /);
      expect(files[path]).not.toContain('var(');
    }
  });

  test('the charts show the data: one mark a seed, cell and attempt', () => {
    const marks = (path: string, kind: string): number =>
      [...(files[`figures/${path}.svg`] ?? '').matchAll(new RegExp(`aria-roledescription="${kind}"`, 'g'))]
        .length;
    expect(marks('test-accuracies', 'point')).toBe(report.evaluations.length);
    expect(marks('proxy-fidelity', 'point')).toBe(4);
    expect(marks('accuracy-by-size', 'point')).toBe(report.retrainings.length);
    expect(marks('timeline', 'bar')).toBe(report.attempts.length);
    expect(files['figures/timeline.svg']).toContain('✕');
    for (const seed of ['seed 0', 'seed 1']) expect(files['figures/search-loss.svg']).toContain(seed);
  });

  test('the drawn cells have every edge of the genotype', () => {
    const [normal] = /normal=\[(.*?)\], normal_concat/.exec(report.winner!.genotype)!.slice(1);
    const operations = [...normal!.matchAll(/'(\w+)'/g)].map((match) => match[1] as string);
    const labels = [...files['figures/winner-normal-across.svg']!.matchAll(/<text[^>]*>(\w+)<\/text>/g)]
      .map((match) => match[1] as string)
      .filter((label) => operations.includes(label));
    expect(labels.sort()).toEqual(operations.sort());
  });
});

describe('reports of other runs', () => {
  test('a failed run says so, and shows what it has', async () => {
    const files = await renderReport(buildReport(failedRun()));
    const page = text(files['report.html']);
    expect(page).toContain('The run failed: retrain-top: no job succeeded');
    expect(page).toContain('stage-2/cell-');
    expect(page).toContain('diverged 1 loss is NaN at step 12');
    expect(page).not.toContain('Stage 3: test accuracy');
    expect(page).not.toContain('The cell that was found');
    expect(files['figures/search-loss.svg']).toBeDefined();
    expect(files['figures/test-accuracies.svg']).toBeUndefined();
  });

  test('a receipt that refutes is shown with what differs', async () => {
    const run = failedRun();
    const [receipt] = run.receipts;
    const parts = receipt!.parts.map((part, i) => (i === 1 ? { ...part, killed: 'other' } : part));
    const files = await renderReport(
      buildReport({ ...run, receipts: [{ ...receipt!, parts, identical: false }] }),
    );
    expect(text(files['report.html'])).toContain('differs: optimizer');
  });

  test('text from outside is escaped', async () => {
    const run = failedRun();
    const files = await renderReport(
      buildReport({ ...run, view: { ...run.view, error: '<img src=x onerror=alert(1)>' } }),
    );
    expect(files['report.html']).not.toContain('<img');
    expect(files['report.html']).toContain('&lt;img src=x');
  });

  test.each(['better', 'worse'] as const)('the headline of a run that is %s', (kind) => {
    const report = buildReport(finishedRun());
    const verdict = {
      kind,
      text: `${kind} than the random cell at n = 3`,
      interval: [0.001, 0.002] as const,
      meanDifference: 0.0015,
    };
    expect(headline({ ...report, verdict }).replace(/\u00a0/g, ' ')).toBe(
      `The found cell is ${kind} than the random cell at n = 3`,
    );
    expect(claimText({ ...report, verdict })).toMatch(/two cells.*claims nothing about the search/);
  });
});
