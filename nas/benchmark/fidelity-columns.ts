import { decimalNumber } from '../core/decimal.ts';
import { inputError } from '../core/input-error.ts';
import type { Score, TabularBenchmark } from './table.ts';

/** A column that holds what the searched one is after a share of its training. */
export interface FidelityColumn {
  /** In (0, 1). */
  readonly share: number;
  readonly column: string;
}

/** `4/108` or `0.037` as a number; NaN for anything else. */
const shareOf = (text: string): number => {
  const [, above = '', below] = /^\s*([^/]*?)\s*(?:\/\s*(.*?)\s*)?$/.exec(text) ?? [];
  return decimalNumber(above) / (below === undefined ? 1 : decimalNumber(below));
};

/** `SHARE=COLUMN`, the share a number or a fraction; undefined where it is none between 0 and 1. */
export const fidelityColumn = (text: string): FidelityColumn | undefined => {
  const [, written = '', column] = /^([^=]+)=\s*(.*\S)\s*$/.exec(text) ?? [];
  const share = shareOf(written);
  return column !== undefined && share > 0 && share < 1 ? { share, column } : undefined;
};

/** Shares are ratios of epochs: equal ones differ by rounding alone. */
const EXACT = 1e-9;

/**
 * The searched column after shares of the training, as other columns hold it: a trial of a share finds the
 * column of the greatest share that it has reached.
 *
 * @throws InputError where the table lacks a column, or one share has two.
 */
export const scoreByColumns = (
  table: Pick<TabularBenchmark, 'column'>,
  search: string,
  columns: readonly FidelityColumn[],
): Score => {
  const ascending = [...columns].sort((a, b) => a.share - b.share);
  ascending.forEach(({ share, column }, i) => {
    const before = ascending[i - 1];
    if (before !== undefined && share - before.share < EXACT)
      throw inputError(
        '--fidelity',
        `${share}=${column}`,
        'one column for each share',
        `${before.column} has it already`,
      );
  });
  const points = [
    ...ascending.map(({ share, column }) => ({ share, values: table.column(column, '--fidelity') })),
    { share: 1, values: table.column(search, '--search') },
  ];
  return (row, fidelity) => {
    const reached = points.findLast(({ share }) => share <= fidelity + EXACT);
    if (reached === undefined)
      throw new RangeError(
        `${search} has no column after ${fidelity} of the training, the least is ${points[0]?.share}`,
      );
    return reached.values[row] as number;
  };
};

/**
 * Options with which a scheduler's rungs are at shares that have a column: the least of them, and where all
 * are one whole factor apart, that factor.
 */
export const rungOptions = (
  columns: readonly FidelityColumn[],
): { readonly minFidelity: number; readonly eta?: number } => {
  const shares = [...columns.map(({ share }) => share), 1].sort((a, b) => a - b);
  const [least] = shares as [number, number];
  const eta = Math.round((shares[1] as number) / least);
  const even = shares.every(
    (share, i) => i === 0 || Math.abs(share / ((shares[i - 1] as number) * eta) - 1) < EXACT,
  );
  return { minFidelity: least, ...(even && eta >= 2 && { eta }) };
};
