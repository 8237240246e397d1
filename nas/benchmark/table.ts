import { closest } from 'fastest-levenshtein';
import type { Json } from '../json.ts';
import { inputError } from '../protocol/input-error.ts';
import type { Space } from '../space/space.ts';

/** Named numbers of one architecture; absent where the table leaves the cell empty. */
export interface TableRow {
  /** The architecture's key in the format of its benchmark. */
  readonly key: string;
  readonly values: Readonly<Record<string, number | undefined>>;
  /** Values after each of equal parts of the training; the last is also the column's value. */
  readonly curves?: Readonly<Record<string, readonly number[]>>;
}

/** What a trial of a row finds after a share of the full training in (0, 1]. */
export type Score = (row: number, fidelity: number) => number;

/** A benchmark whose trials are look-ups. */
export interface TabularBenchmark {
  readonly space: Space;
  readonly size: number;
  readonly columns: readonly string[];
  /** Columns that also have values after shares of the training. */
  readonly curves: readonly string[];
  /** The rows are part of a larger space, and `space` is that part. */
  readonly listed: boolean;
  /**
   * The column's value for every row. Throws `InputError` naming the column if the table lacks it, or the first row
   * without a value.
   */
  column(name: string, field?: string): Float64Array;
  /**
   * The same after a share of the training: of a curve the value at the nearest of its points. A column without one has
   * final values alone, and any other share is a `RangeError`. Throws as `column` does.
   */
  score(name: string, field?: string): Score;
  /** The genotype's row; throws `InputError` naming the architecture if the table lacks it. */
  rowOf(genotype: Json): number;
}

/** Position in a curve of `length` points after a share of the training. */
const pointAt = (length: number, fidelity: number): number => Math.max(1, Math.round(fidelity * length)) - 1;

/**
 * A table over a space. Rows with equal keys are repeats of one architecture: their values are averaged. `keyOf` maps
 * a genotype to its row's key. Rows with curves are no repeats.
 */
export const tabularBenchmark = (
  space: Space,
  rows: readonly TableRow[],
  keyOf: (genotype: Json) => string,
  file: string,
  listed = false,
): TabularBenchmark => {
  const merged = new Map<string, { readonly sums: Record<string, { sum: number; count: number }> }>();
  const columns = new Set<string>();
  for (const { key, values } of rows) {
    const { sums } = merged.get(key) ?? { sums: {} };
    merged.set(key, { sums });
    for (const [name, value] of Object.entries(values)) {
      columns.add(name);
      if (value === undefined) continue;
      const entry = (sums[name] ??= { sum: 0, count: 0 });
      entry.sum += value;
      entry.count += 1;
    }
  }
  const keys = [...merged.keys()];
  const rowByKey = new Map(keys.map((key, row) => [key, row]));
  const rowByGenotype = new Map<string, number>();
  const curves = Object.keys(rows[0]?.curves ?? {});
  const column: TabularBenchmark['column'] = (name, field = 'column') => {
    if (!columns.has(name)) {
      const nearest = columns.size > 0 ? closest(name, [...columns]) : '';
      throw inputError(
        field,
        name,
        [...columns].join(', '),
        `${file} has no such column; nearest: ${nearest}`,
      );
    }
    return Float64Array.from(keys, (key) => {
      const entry = merged.get(key)?.sums[name];
      if (entry === undefined)
        throw inputError(
          field,
          name,
          'columns with a number in every row',
          `${file} has no ${name} for ${key}; choose another column or complete the table`,
        );
      return entry.sum / entry.count;
    });
  };
  return {
    space,
    size: keys.length,
    columns: [...columns],
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
