import type { RunComparison, RunSummary } from '../../nas/protocol/compare-runs.ts';
import type { ContenderView } from '../../nas/protocol/run-view.ts';
import { duration, percent, table } from './format.ts';

const tested = (contender: ContenderView | undefined): string =>
  contender === undefined
    ? ''
    : `${percent(contender.test.mean)} ± ${percent(contender.test.sd)} (n = ${contender.test.n})`;

const ROWS: readonly (readonly [string, (run: RunSummary) => string])[] = [
  ['status', ({ status }) => status],
  ['space', ({ space }) => space],
  ['strategy', ({ strategy }) => strategy],
  ['test, winner', ({ winner }) => tested(winner)],
  ['test, random baseline', ({ baseline }) => tested(baseline)],
  ['own verdict', ({ verdict = '' }) => verdict],
  [
    'validation, winner',
    ({ winner }) => (winner?.validationAccuracy === undefined ? '' : percent(winner.validationAccuracy)),
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
export const printComparison = ({ first, second, data, differences, test }: RunComparison): string =>
  [
    test.text,
    ...test.caveats.map((caveat) => `  ${caveat}`),
    '',
    table([[data, first.runId, second.runId], ...ROWS.map(([name, of]) => [name, of(first), of(second)])]),
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
