import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { nearest } from '../core/nearest.ts';
import type { Space } from '../space/space.ts';

/** What a table says of one architecture. */
export interface TableRow {
  /** The architecture's key in the format of its benchmark. */
  readonly key: string;
  /** By column: its number, or the text of a cell that holds none, '' where the table leaves it empty. */
  readonly values: ReadonlyMap<string, number | string>;
  /** Where in the file it stands, where lines mean rows. */
  readonly line?: number;
  /** Values after each of equal parts of the training; the last is also the column's value. */
  readonly curves?: Readonly<Record<string, readonly number[]>>;
}

/** What a trial of a row finds after a share of the full training in (0, 1]. */
export type Score = (row: number, fidelity: number) => number;

/** A benchmark whose trials are look-ups. */
export interface TabularBenchmark {
  readonly space: Space;
  readonly size: number;
  /** Those with a number in any row. */
  readonly columns: readonly string[];
  /** Columns that also have values after shares of the training. */
  readonly curves: readonly string[];
  /** The rows are part of a larger space, and `space` is that part. */
  readonly listed: boolean;
  /**
   * The column's value for every row. Throws `InputError` naming the column if the table lacks it, or the
   * first row without a value.
   */
  column(name: string, field?: string): Float64Array;
  /**
   * The same after a share of the training: of a curve the value at the nearest of its points. A column
   * without one has final values alone, and any other share is a `RangeError`. Throws as `column` does.
   */
  score(name: string, field?: string): Score;
  /** The row's architecture, and its line in the file where lines mean rows. */
  describeRow(row: number): string;
  /** The genotype's row; throws `InputError` naming the architecture if the table lacks it. */
  rowOf(genotype: Json): number;
}

const describe = ({ key, line }: TableRow): string => (line === undefined ? key : `${key} in line ${line}`);

/** Sums of squares of greater numbers overflow. */
const LARGEST = 1e100;

const shown = (cell: number | string): string =>
  typeof cell === 'number' ? `${cell}, beyond ±${LARGEST},` : JSON.stringify(cell);

/** Position in a curve of `length` points after a share of the training. */
const pointAt = (length: number, fidelity: number): number => Math.max(1, Math.round(fidelity * length)) - 1;

/**
 * A table over a space. Rows with equal keys are repeats of one architecture: their values are averaged.
 * `keyOf` maps a genotype to its row's key. Rows with curves are no repeats.
 */
export const tabularBenchmark = (
  space: Space,
  rows: readonly TableRow[],
  keyOf: (genotype: Json) => string,
  file: string,
  listed = false,
): TabularBenchmark => {
  const merged = new Map<string, TableRow[]>();
  const named = new Set<string>();
  const numeric = new Set<string>();
  for (const row of rows) {
    const repeats = merged.get(row.key);
    if (repeats === undefined) merged.set(row.key, [row]);
    else repeats.push(row);
    for (const [name, value] of row.values) {
      named.add(name);
      if (typeof value === 'number') numeric.add(name);
    }
  }
  const columns = [...named].filter((name) => numeric.has(name));
  const keys = [...merged.keys()];
  const rowByKey = new Map(keys.map((key, row) => [key, row]));
  const rowByGenotype = new Map<string, number>();
  const curves = Object.keys(rows[0]?.curves ?? {});
  const column: TabularBenchmark['column'] = (name, field = 'column') => {
    if (!named.has(name)) {
      const near = nearest(name, columns);
      throw inputError(
        field,
        name,
        columns.join(', '),
        `${file} has no such column${near === undefined ? ' of numbers' : `; nearest: ${near}`}`,
      );
    }
    const refuse = (row: TableRow, found: string) =>
      inputError(
        field,
        name,
        'columns with a number in every row',
        `${file} has ${found} for ${describe(row)}; choose another column or complete the table`,
      );
    return Float64Array.from(merged.values(), (repeats) => {
      let sum = 0;
      let count = 0;
      for (const row of repeats) {
        const value = row.values.get(name) ?? '';
        if (typeof value === 'number' && Math.abs(value) <= LARGEST) {
          sum += value;
          count += 1;
        } else if (value !== '') throw refuse(row, `${shown(value)} as ${name}`);
      }
      if (count === 0) throw refuse(repeats[0] as TableRow, `no ${name}`);
      return sum / count;
    });
  };
  return {
    space,
    size: keys.length,
    columns,
    curves,
    listed,
    column,
    score: (name, field = 'column') => {
      const finals = column(name, field);
      if (curves.includes(name))
        return (row, fidelity) => {
          const curve = rows[row]?.curves?.[name] as readonly number[];
          return curve[pointAt(curve.length, fidelity)] as number;
        };
      return (row, fidelity) => {
        if (fidelity !== 1)
          throw new RangeError(`${file}: ${name} has final values, none after ${fidelity} of the training`);
        return finals[row] as number;
      };
    },
    describeRow: (row) => describe(merged.get(keys[row] as string)?.[0] as TableRow),
    rowOf: (genotype) => {
      const text = typeof genotype === 'string' ? genotype : JSON.stringify(genotype);
      const known = rowByGenotype.get(text);
      if (known !== undefined) return known;
      const row = rowByKey.get(keyOf(genotype));
      if (row === undefined)
        throw inputError(
          'table',
          file,
          `a row for every architecture of ${space.name}`,
          `add the row of ${space.print(genotype)} (key ${keyOf(genotype)}), or use a complete table`,
        );
      rowByGenotype.set(text, row);
      return row;
    },
  };
};
