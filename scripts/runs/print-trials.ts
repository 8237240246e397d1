import { csv } from './csv.ts';
import { duration, table } from './format.ts';
import type { TrialRow } from './trial-rows.ts';

const measuresOf = (rows: readonly TrialRow[]): readonly string[] =>
  [...new Set(rows.flatMap(({ measures }) => Object.keys(measures)))].sort();

/** Every column of every trial, missing values empty; measures under their own names, the genotype last. */
export const trialsCsv = (rows: readonly TrialRow[]): string => {
  const measures = measuresOf(rows);
  const columns = [
    ...(['id', 'seed', 'job', 'status', 'score', 'accuracy', 'rescored', 'fidelity'] as const),
    ...(['attempts', 'reclaims', 'seconds', 'dollars', 'copyOf', 'reason'] as const),
  ];
  return csv([
    [...columns, ...measures, 'genotype'],
    ...rows.map((row) => [
      ...columns.map((column) => row[column]),
      ...measures.map((name) => row.measures[name]),
      row.genotype,
    ]),
  ]);
};

const short = (value: number | undefined): string => (value === undefined ? '' : value.toPrecision(5));

/** For people: what fits beside each other, the genotype last and cut at the window's edge. */
export const printTrials = (rows: readonly TrialRow[], columns: number | undefined): string => {
  const measures = measuresOf(rows);
  const withDollars = rows.some(({ dollars = 0 }) => dollars > 0);
  const lines = table([
    [
      ...['seed', 'trial', 'status', 'score'],
      ...measures,
      ...['attempts', 'reclaims', 'time'],
      ...(withDollars ? ['$'] : []),
      'genotype',
    ],
    ...rows.map((row) => [
      String(row.seed),
      row.id,
      row.copyOf === undefined ? row.status : `as ${row.copyOf}`,
      short(row.rescored ?? row.score),
      ...measures.map((name) => short(row.measures[name])),
      row.attempts === undefined ? '' : String(row.attempts),
      row.reclaims === undefined ? '' : String(row.reclaims),
      row.seconds === undefined ? '' : duration(row.seconds),
      ...(withDollars ? [(row.dollars ?? 0).toFixed(2)] : []),
      row.reason === undefined ? row.genotype : row.reason.split('\n').join(' '),
    ]),
  ]).split('\n');
  if (columns === undefined) return lines.join('\n');
  return lines
    .map((line) => ([...line].length <= columns ? line : `${[...line].slice(0, columns - 1).join('')}…`))
    .join('\n');
};
