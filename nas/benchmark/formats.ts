import { parse as parseCsv } from 'csv-parse/sync';
import type { Json } from '../json.ts';
import { inputError } from '../protocol/input-error.ts';
import { dartsCnn } from '../space/darts-cnn.ts';
import { listedSpace } from '../space/listed.ts';
import { nasBench101, nasBench101Key } from '../space/nas-bench-101.ts';
import type { NasBench101Genotype } from '../space/nas-bench-101.ts';
import { nasBench201, printNasBench201 } from '../space/nas-bench-201.ts';
import type { NasBench201Genotype } from '../space/nas-bench-201.ts';
import { nasBenchMacro } from '../space/nas-bench-macro.ts';
import type { Space } from '../space/space.ts';
import { readDartsCurves } from './darts-curves.ts';
import { tabularBenchmark } from './table.ts';
import type { TableRow, TabularBenchmark } from './table.ts';

/** How the tables of one benchmark name their architectures. */
interface Format {
  /** The CSV column that holds the key. */
  readonly keyColumn: string;
  /** Turns the text of that column into the key that `keyOf` gives. Throws on text that is no architecture. */
  readonly normalise: (text: string) => string;
  readonly keyOf: (genotype: Json) => string;
  /** The space whose architectures the table holds. */
  readonly space: (records: readonly CsvRecord[]) => Space;
  /** Whether every architecture has its own key, so that a complete table has as many rows as the space. */
  readonly complete: boolean;
}
type CsvRecord = Readonly<Record<string, string>>;

const identity = (text: string): string => text;

const FORMATS = {
  'nas-bench-201': {
    keyColumn: 'arch',
    normalise: (text) => printNasBench201(nasBench201.parse(text, 'arch')),
    keyOf: (genotype) => printNasBench201(genotype as NasBench201Genotype),
    space: () => nasBench201 as unknown as Space,
    complete: true,
  },
  'nas-bench-macro': {
    keyColumn: 'arch',
    normalise: (text) => nasBenchMacro.parse(text, 'arch'),
    keyOf: (genotype) => genotype as string,
    space: () => nasBenchMacro as unknown as Space,
    complete: true,
  },
  'nas-bench-101': {
    keyColumn: 'hash',
    normalise: identity,
    keyOf: (genotype) => nasBench101Key(genotype as NasBench101Genotype),
    /** The table's largest graph bounds the space, as in the published subsets of at most 5 vertices. */
    space: (records) => {
      const vertices = records.map(({ matrix }) =>
        matrix === undefined ? 0 : (JSON.parse(matrix) as Json[]).length,
      );
      const largest = vertices.reduce((a, b) => Math.max(a, b), 0);
      return nasBench101(largest === 0 ? 7 : largest) as unknown as Space;
    },
    complete: false,
  },
} as const satisfies Record<string, Format>;
/** The space of which tables list a part, with learning curves. */
const LISTED = 'darts-cnn';
export type TabularSpace = keyof typeof FORMATS | typeof LISTED;
export const TABULAR_SPACES = [...Object.keys(FORMATS), LISTED] as readonly TabularSpace[];

const numeric = (text: string): number | undefined => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
};

const isNumeric = (records: readonly CsvRecord[], name: string): boolean =>
  records.some((record) => numeric(record[name] ?? '') !== undefined) &&
  records.every((record) => (record[name] ?? '').trim() === '' || numeric(record[name] ?? '') !== undefined);

/** Rows of a CSV with named columns; text columns other than the key are left out. */
const fromCsv = (
  format: Format,
  text: string,
  file: string,
): { rows: TableRow[]; records: readonly CsvRecord[] } => {
  let records: readonly CsvRecord[];
  try {
    records = parseCsv(text, { columns: true, skip_empty_lines: true, trim: true, bom: true }) as CsvRecord[];
  } catch (cause) {
    throw inputError('table', file, 'a CSV file whose first line names the columns', 'repair the file', {
      cause,
    });
  }
  const names = Object.keys(records[0] ?? {});
  if (!names.includes(format.keyColumn))
    throw inputError(
      'table',
      file,
      `a CSV file with the column ${format.keyColumn}`,
      `name the column of architectures ${format.keyColumn} (found: ${names.join(', ') || 'no rows'})`,
    );
  const numbers = names.filter((name) => name !== format.keyColumn && isNumeric(records, name));
  const rows = records.map((record, i) => {
    try {
      return {
        key: format.normalise(record[format.keyColumn] ?? ''),
        values: Object.fromEntries(numbers.map((name) => [name, numeric(record[name] ?? '')])),
      };
    } catch (cause) {
      throw inputError(
        `table.${format.keyColumn}`,
        record[format.keyColumn],
        'architectures of the space',
        `repair row ${i + 1} of ${file}`,
        { cause },
      );
    }
  });
  return { rows, records };
};

/** Rows of the form `{"22212220": {"test_acc": [a, b, c], "mean_acc": m, …}}`; list entries become `test_acc_1`, …. */
const fromJson = (format: Format, text: string, file: string): TableRow[] => {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw inputError('table', file, 'JSON: an object of architectures', 'repair the file', { cause });
  }
  return Object.entries(table as Record<string, Record<string, unknown>>).map(([key, record]) => ({
    key: format.normalise(key),
    values: Object.fromEntries(
      Object.entries(record).flatMap(([name, value]) =>
        Array.isArray(value)
          ? value.flatMap((entry: unknown, i) =>
              typeof entry === 'number' ? [[`${name}_${i + 1}`, entry]] : [],
            )
          : typeof value === 'number'
            ? [[name, value]]
            : [],
      ),
    ) as Record<string, number>,
  }));
};

/**
 * Reads a benchmark table: CSV with named columns, the JSON of NAS-Bench-Macro, or that of learning curves of DARTS cells. Any numeric column can serve as
 * search signal or final score. Throws `InputError` for an unknown space, an unreadable file, or a missing row where
 * the space is small enough to demand completeness.
 */
export const readTable = (space: string, text: string, file: string): TabularBenchmark => {
  if (space === LISTED) {
    const { rows, genotypes } = readDartsCurves(text, file);
    const listed = listedSpace(dartsCnn, genotypes) as unknown as Space;
    return tabularBenchmark(listed, rows, (genotype) => listed.hash(genotype), file, true);
  }
  if (!Object.hasOwn(FORMATS, space))
    throw inputError('space', space, TABULAR_SPACES.join(', '), 'use a space that has a table format');
  const format: Format = FORMATS[space as keyof typeof FORMATS];
  const json = text.trimStart().startsWith('{');
  const { rows, records } = json
    ? { rows: fromJson(format, text, file), records: [] }
    : fromCsv(format, text, file);
  const searched = format.space(records);
  const table = tabularBenchmark(searched, rows, format.keyOf, file);
  const expected = searched.describe().size;
  if (format.complete && table.size !== expected)
    throw inputError(
      'table',
      `${file}: ${table.size} architectures`,
      `all ${expected} architectures of ${space}`,
      `add the missing rows, first of them ${firstMissing(searched, table)}`,
    );
  return table;
};

/** The first architecture, in the order of its choices, without a row. */
const firstMissing = (space: Space, table: TabularBenchmark): string => {
  const sizes = space.decisions?.sizes ?? [];
  const total = sizes.reduce((product, size) => product * size, 1);
  for (let index = 0; index < total; index++) {
    let rest = index;
    const choices = sizes.map((size) => {
      const choice = rest % size;
      rest = Math.floor(rest / size);
      return choice;
    });
    const genotype = space.decisions?.fromChoices(choices);
    if (genotype === undefined) continue;
    try {
      table.rowOf(genotype);
    } catch {
      return space.print(genotype);
    }
  }
  return 'unknown';
};
