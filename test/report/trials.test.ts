import { describe, expect, test } from 'vitest';
import type { SearchResult } from '../../nas/job/program-result.ts';
import { LATENCY } from '../../nas/experiment/measures.ts';
import type { LoggedTrial } from '../../nas/search/trial-log.ts';
import type { RunDocuments } from '../../nas/report/build-report.ts';
import { buildReport } from '../../nas/report/build-report.ts';
import { renderReport } from '../../nas/report/render-report.ts';
import type { RunReport } from '../../nas/report/run-report.ts';
import { incumbentsOf, searchTrials } from '../../nas/report/search-trials.ts';
import { frontText, regretText, searchesText } from '../../nas/report/statements.ts';
import { judgeTable, spendingTable } from '../../nas/report/tables.ts';
import { marksOf, measureSlug, pointsOf } from '../../nas/report/trial-measures.ts';
import { scoreCostFront } from '../../nas/search/trials/pareto.ts';
import { dominates } from '../../nas/search/trials/pareto.ts';
import { LIMIT, runByTrials, TRIAL_SECONDS } from './trial-fixtures.ts';

const plain = (text: string): string => text.replace(/[\u00a0\u2009]/g, ' ');
const jobsOfTrials = ({ attempts }: RunDocuments): string[] =>
  Object.keys(attempts).filter((jobId) => jobId.includes('/trial-'));

describe('the time of a search by trials', () => {
  const documents = runByTrials({ name: 'random' });
  const report = buildReport(documents);

  test('is that of its trials’ attempts', () => {
    const [search] = report.spending;
    const longest = Math.max(
      ...[0, 1].map(
        (seed) => jobsOfTrials(documents).filter((id) => id.startsWith(`stage-1/seed-${seed}/`)).length,
      ),
    );
    expect(search?.wallSeconds).toBe(Math.ceil(longest / 2) * TRIAL_SECONDS);
    expect(report.attempts.filter(({ stage }) => stage === 'proxy-search')).toHaveLength(
      jobsOfTrials(documents).length + 1,
    );
  });

  test('is left open where trials were looked up', () => {
    const attempts = Object.fromEntries(
      Object.entries(documents.attempts).filter(([jobId]) => !jobId.includes('/trial-')),
    );
    const looked = buildReport({ ...documents, attempts });
    expect(looked.spending[0]).not.toHaveProperty('wallSeconds');
    const { columns, rows } = spendingTable(looked);
    expect(rows[0]?.[columns.indexOf('wall time')]).toBe('');
  });
});

describe('the trials of a search', () => {
  const documents = runByTrials({ name: 'random' });
  const report = buildReport(documents);

  test('are counted by how they ended', () => {
    for (const [i, { trials, candidates }] of report.searches.entries()) {
      const logged = documents.trials[`stage-1/seed-${i}`]!;
      expect(trials?.proposed).toBe(logged.length);
      expect(trials!.scored).toHaveLength(candidates);
      expect(trials!.scored.length + trials!.infeasible + trials!.copies).toBe(60);
      expect(trials!.infeasible).toBeGreaterThan(1);
      expect(trials!.scored.map(({ result }) => result)).toEqual(
        [...trials!.scored.map(({ result }) => result)].sort((a, b) => a - b),
      );
    }
    expect(searchesText(report)).toMatch(/^seed 0: \d+ networks scored, \d+ infeasible/);
  });

  test('the best so far rises, and ends with the best', () => {
    const { scored } = report.searches[0]!.trials!;
    const best = incumbentsOf(scored).map(({ score }) => score);
    expect(best.length).toBeGreaterThan(2);
    expect(best).toEqual([...new Set(best)].sort((a, b) => a - b));
    expect(best.at(-1)).toBe(Math.max(...scored.map(({ score }) => score)));
  });

  test('a longer training outranks a higher score', () => {
    const trial = (id: string, fidelity: number, score: number) => ({ id, result: 1, fidelity, score });
    const scored = [trial('a', 0.25, 0.9), trial('b', 1, 0.8), trial('c', 0.25, 0.95), trial('d', 1, 0.85)];
    expect(incumbentsOf(scored).map(({ id }) => id)).toEqual(['a', 'b', 'd']);
  });
});

describe('the front of accuracy against a measure', () => {
  test.each(['parameters', 'multiplyAdds'])('holds what no other trial beats: %s', (measure) => {
    const { searches, configuration } = buildReport(runByTrials({ name: 'random' }));
    const points = pointsOf(searches[0]!, measure, configuration);
    const front = scoreCostFront(points);
    expect(front.length).toBeGreaterThan(1);
    const objectives = ({ score, cost }: (typeof points)[number]) => [score, -cost];
    for (const point of points) {
      const beaten = front.some((other) => dominates(objectives(other), objectives(point)));
      const listed = front.some((other) => other.score === point.score && other.cost === point.cost);
      expect(beaten).toBe(!listed);
    }
  });

  test('shows accuracies, whatever the search weighed them with', () => {
    const weighted = buildReport(
      runByTrials({ name: 'random' }, { weights: { parameters: { target: 50, exponent: -0.5 } } }),
    );
    const free = buildReport(runByTrials({ name: 'random' }, {}));
    const [of, against] = [weighted, free].map(({ searches, configuration }) =>
      pointsOf(searches[0]!, 'parameters', configuration),
    );
    expect(of!.map(({ trial, cost }) => [trial, cost])).toEqual(
      against!.map(({ trial, cost }) => [trial, cost]),
    );
    of!.forEach(({ score }, i) => expect(score).toBeCloseTo(against![i]!.score, 12));
    expect(weighted.searches[0]!.trials!.scored[0]!.score).not.toBeCloseTo(of![0]!.score, 3);
  });

  test('of several fidelities, only the longest trainings are compared', () => {
    const report = buildReport(runByTrials({ name: 'random' }));
    const [search] = report.searches;
    const scored = search!.trials!.scored.map((trial, i) => ({ ...trial, fidelity: i < 3 ? 1 : 0.25 }));
    const mixed = { ...search!, trials: { ...search!.trials!, scored } };
    expect(pointsOf(mixed, 'parameters', report.configuration).map(({ trial }) => trial)).toEqual(
      scored.slice(0, 3).map(({ id }) => id),
    );
  });

  test('names what the search was held to', () => {
    const text = (report: RunReport, measure: string): string => plain(frontText(report, measure));
    const limited = buildReport(runByTrials({ name: 'random' }));
    expect(marksOf('parameters', limited.configuration)).toEqual([{ at: LIMIT, what: 'at most' }]);
    expect(text(limited, 'parameters')).toContain(`The search held it to at most ${LIMIT}`);
    expect(text(limited, 'multiplyAdds')).toContain('did not look at it');
    const minimised = buildReport(runByTrials({ name: 'nsga-net', minimise: ['multiplyAdds'] }));
    expect(text(minimised, 'multiplyAdds')).toContain('The search minimised it.');
    const weighed = buildReport(
      runByTrials({ name: 'random' }, { weights: { multiplyAdds: { target: 3000, exponent: -0.1 } } }),
    );
    expect(text(weighed, 'multiplyAdds')).toContain('weighed it against 3.00 k');
  });

  test('says which devices timed the networks', () => {
    const documents = runByTrials({ name: 'random' }, {});
    const text = (timedOn: Record<string, number>): string =>
      plain(frontText(buildReport({ ...documents, timedOn }), LATENCY));
    expect(text({ 'CPU, 1 threads': 40 })).toContain('(40 on CPU, 1 threads): equal runs');
    expect(text({ 'CPU, 1 threads': 40, 'GPU, NVIDIA L4': 3 })).toContain(
      '40 on CPU, 1 threads; 3 on GPU, NVIDIA L4; times of different devices do not compare',
    );
  });

  test('a column of a table makes the name of a file', () => {
    expect(['multiplyAdds', 'latency / ms (CPU)'].map(measureSlug)).toEqual([
      'multiply-adds',
      'latency-ms-cpu',
    ]);
  });
});

describe('what a judge spared the search', () => {
  const documents = runByTrials({
    name: 'judged-random',
    warmUp: 10,
    threshold: 0.5,
    heldShare: 0.3,
  });
  const report = buildReport(documents);

  test('is counted by the strategy and priced by the mean trial', () => {
    for (const [i, { trials }] of report.searches.entries()) {
      const judge = trials!.judge!;
      const logged = documents.trials[`stage-1/seed-${i}`]!;
      const notes = logged.map(({ note }) => note as { rejected: readonly string[]; held: boolean });
      const trained = new Set(logged.map(({ hash }) => hash.slice(0, 16)));
      const rejected = new Set(notes.flatMap((note) => note.rejected));
      expect(judge.rejected).toBe([...rejected].filter((network) => !trained.has(network)).length);
      expect(judge.held).toBe(notes.filter(({ held }) => held).length);
      expect(judge.rejected).toBeGreaterThan(0);
      expect(judge.wronglyRejected).toBeLessThanOrEqual(judge.held);
      // 60 networks were trained, of which one diverged at once.
      expect(judge.saved.multiplyAdds).toBeCloseTo((judge.rejected * 59 * 6e9) / 60, 0);
      expect(judge.saved.machineSeconds).toBeCloseTo((judge.rejected * (59 * TRIAL_SECONDS + 1)) / 60, 6);
    }
    const { rows } = judgeTable(report);
    expect(rows).toHaveLength(2);
  });

  test('is priced by whole networks, of which those beyond the limits cost nothing', () => {
    const spent = { multiplyAdds: 8e9, images: 1, attempts: 1, reclaims: 0, seconds: 40 };
    const score = { kind: 'score', value: 0.5, spent } as const;
    const trial = (number: number, hash: string, more: Partial<LoggedTrial>): LoggedTrial => ({
      id: `t-00000${number}`,
      ordinal: number,
      genotype: hash,
      hash,
      fidelity: 1,
      note: null,
      toldAt: number,
      ...more,
    });
    const trials = [
      trial(0, 'a', { fidelity: 0.25, end: score }),
      trial(1, 'a', { end: score }),
      trial(2, 'b', { end: { kind: 'infeasible', reason: 'beyond the limits' } }),
      trial(3, 'a', { end: { kind: 'score', value: 0.5 }, copyOf: 't-000001' }),
      trial(4, 'c', { end: { kind: 'lost', reason: 'gone', spent } }),
      trial(5, 'd', { end: { kind: 'infeasible', reason: 'beyond the limits' } }),
    ];
    const summary = { trained: 4, rejected: 3, held: 1, wronglyRejected: 0 };
    const { judge } = searchTrials(trials, {
      kind: 'search',
      candidates: [],
      summary,
    } as unknown as SearchResult);
    // Two trainings of one network, and two networks that were refused.
    expect(judge?.saved).toEqual({ multiplyAdds: 3 * (16e9 / 3), machineSeconds: 3 * (80 / 3) });
  });

  test('is no part of other searches', () => {
    const other = buildReport(runByTrials({ name: 'random' }));
    expect(other.searches.every(({ trials }) => trials?.judge === undefined)).toBe(true);
    expect(judgeTable(other).rows).toEqual([]);
  });
});

describe('the rendered report of a search by trials', () => {
  test('has the scores, a front for every measure, and the judge’s table', async () => {
    const report = buildReport(runByTrials({ name: 'judged-random', warmUp: 10, heldShare: 0.3 }));
    const files = await renderReport(report);
    const markdown = plain(files['report.md']);
    const page = plain(files['report.html']);
    for (const name of ['trial-scores', 'front-parameters', 'front-multiply-adds']) {
      expect(markdown).toContain(`(figures/${name}.svg)`);
      expect(files[`figures/${name}.svg`]).toMatch(/^<svg /);
      expect(files[`figures/${name}.svg`]).not.toContain('var(');
    }
    const marks = (figure: string, kind: string): number =>
      [...(files[`figures/${figure}.svg`] ?? '').matchAll(new RegExp(`aria-roledescription="${kind}"`, 'g'))]
        .length;
    const drawn = report.searches.flatMap((search) => pointsOf(search, 'parameters', report.configuration));
    const onFronts = report.searches.flatMap((search) =>
      scoreCostFront(pointsOf(search, 'parameters', report.configuration)),
    );
    expect(marks('front-parameters', 'point')).toBe(drawn.length + onFronts.length);
    expect(marks('front-parameters', 'rule mark')).toBe(1);
    expect(marks('front-multiply-adds', 'rule mark')).toBe(0);
    for (const text of [markdown, page]) {
      expect(text).toContain('of it wrongly rejected');
      expect(text).toContain(`held it to at most ${LIMIT}`);
    }
    // One row a search, and the trials' common bars in it.
    expect(files['figures/timeline.svg']).toContain('stage-1/seed-0');
    expect(files['figures/timeline.svg']).not.toContain('trial-000');
    expect(markdown).toContain('| stage-1/seed-0/trial-000000 | 2 |');
    expect(markdown).not.toContain('trial-000001');
  }, 60_000);
});

describe('the regret of a search on a table', () => {
  const documents = runByTrials({ name: 'random' }, {});

  test('is what its best lacks to the best in the table', async () => {
    const searched = buildReport(documents).searches;
    const best = Math.max(
      ...searched.flatMap(({ trials }) => trials?.scored.map(({ score }) => score) ?? []),
    );
    const report = buildReport({ ...documents, tableBest: best });
    const ends = searched.map(({ trials }) => incumbentsOf(trials?.scored ?? []).at(-1)!);
    for (const [seed, { score, result }] of ends.entries())
      expect(plain(regretText(report))).toContain(
        `seed ${seed}: ${(100 * (best - score)).toFixed(2)} points short of it since result ${result}`,
      );
    expect(ends.some(({ score }) => score === best)).toBe(true);
    const files = await renderReport(report);
    expect(files['report.md']).toContain('(figures/search-regret.svg)');
    expect(files['figures/search-regret.svg']).toMatch(/^<svg /);
    expect(plain(files['report.html'])).toContain(plain(regretText(report)));
  }, 60_000);

  test('is not shown where trials were trained', async () => {
    const report = buildReport(documents);
    expect(regretText(report)).toBe('');
    expect(await renderReport(report)).not.toHaveProperty('figures/search-regret.svg');
  }, 60_000);
});
