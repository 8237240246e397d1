import type { RunComparison, RunSummary } from '../../nas/protocol/compare-runs.ts';
import type { SeedStatistics } from '../../nas/protocol/run-view.ts';
import { withUnit } from '../../nas/task/metric.ts';
import type { Metric } from '../../nas/task/metric.ts';
import { termsOf } from '../../nas/task/terms.ts';
import { duration, table } from './format.ts';

const scores = (test: SeedStatistics | undefined, metric: Metric, what = ''): string =>
  test === undefined
    ? ''
    : `${metric.format(test.mean)} ± ${withUnit(metric.formatSpread(test.sd, test.mean), metric.unit)} (n = ${test.n}${what})`;

const ROWS: readonly (readonly [string, (run: RunSummary, metric: Metric) => string])[] = [
  ['status', ({ status }) => status],
  ['space', ({ space }) => space],
  ['strategy', ({ strategy }) => strategy],
  ['test, searches', ({ searches }, metric) => scores(searches?.found, metric, ' searches')],
  ['test, random searches', ({ searches }, metric) => scores(searches?.random, metric, ' searches')],
  ['test, winner', ({ winner }, metric) => scores(winner?.test, metric)],
  ['test, random baseline', ({ baseline }, metric) => scores(baseline?.test, metric)],
  ['own verdict', ({ verdict = '' }) => verdict],
  [
    'validation, winner',
    ({ winner }, metric) =>
      winner?.validationAccuracy === undefined ? '' : metric.format(winner.validationAccuracy),
  ],
  ['jobs', ({ jobs }) => String(jobs)],
  ['attempts', ({ attempts }) => String(attempts)],
  ['reclaims', ({ reclaims }) => String(reclaims)],
  ['machine time', ({ seconds }) => duration(seconds)],
  ['dollars', ({ dollars }) => dollars.toFixed(2)],
  ['multiply-adds', ({ multiplyAdds }) => multiplyAdds.toExponential(2)],
];

const value = (of: unknown): string => (of === null ? '—' : typeof of === 'string' ? of : JSON.stringify(of));

/** A comparison for people: the verdict first. */
export const printComparison = ({ first, second, data, task, differences, test }: RunComparison): string => {
  const { metric } = termsOf(task);
  return [
    test.text,
    ...test.caveats.map((caveat) => `  ${caveat}`),
    '',
    table([
      [data, first.runId, second.runId],
      ...ROWS.map(([name, of]) => [name, of(first, metric), of(second, metric)]).filter(([, ...values]) =>
        values.some((text) => text !== ''),
      ),
    ]),
    '',
    differences.length === 0
      ? 'the experiments are equal'
      : table([
          ['differs', first.runId, second.runId],
          ...differences.map((one) => [one.field, value(one.first), value(one.second)]),
        ]),
    '',
    table([
      [`winner of ${first.runId}`, first.winner?.genotype ?? ''],
      [`winner of ${second.runId}`, second.winner?.genotype ?? ''],
    ]),
  ].join('\n');
};
