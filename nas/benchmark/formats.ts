import { CsvError } from 'csv-parse/sync';
import { z } from 'zod';
import { csvLines, type CsvLine } from '../core/csv-lines.ts';
import { jsonOf, parseJson } from '../core/json.ts';
import { decimalNumber } from '../core/decimal.ts';
import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import { suggestion } from '../core/nearest.ts';
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
  /** The CSV column that holds the key, one of these. */
  readonly keyColumns: readonly string[];
  /**
   * Turns the text of that column into the key that `keyOf` gives. Throws on text that is no architecture.
   */
  readonly normalise: (text: string) => string;
  readonly keyOf: (genotype: Json) => string;
  /** The space whose architectures the table holds. */
  readonly space: (rows: readonly TableRow[], file: string) => Space;
  /** How many keys the architectures of the space have. */
  readonly keys: (space: Space) => number | undefined;
}

/** A graph's hash in NAS-Bench-101: 128 bits as hexadecimal digits. */
const graphHash = (text: string): string => {
  if (!/^[0-9a-f]{32}$/.test(text))
    throw inputError('hash', text, '32 hexadecimal digits in lower case', 'write the hash of the graph');
  return text;
};

/**
 * Graphs of at most so many vertices that differ, by the name of their space: what a complete table of
 * NAS-Bench-101 holds.
 */
const NAS_BENCH_101_GRAPHS: Readonly<Record<string, number>> = {
  'nas-bench-101-2': 1,
  'nas-bench-101-3': 7,
  'nas-bench-101-4': 91,
  'nas-bench-101-5': 2_532,
  'nas-bench-101-6': 64_542,
  'nas-bench-101': 423_624,
};

const matrixSchema = z.array(z.array(z.number())).min(2).max(7);

/**
 * The table's largest graph bounds the space, as in the published subsets of at most 5 vertices; 7 without
 * adjacency matrices.
 */
const largestGraph = (rows: readonly TableRow[], file: string): number => {
  let largest = 0;
  for (const { values, line } of rows) {
    const matrix = values.get('matrix');
    if (matrix === undefined) continue;
    try {
      largest = Math.max(largest, parseJson(matrixSchema, String(matrix)).length);
    } catch (cause) {
      throw inputError(
        'table.matrix',
        matrix,
        'adjacency matrices of 2 to 7 vertices',
        `repair line ${line} of ${file}`,
        { cause },
      );
    }
  }
  return largest === 0 ? 7 : largest;
};

const FORMATS = {
  'nas-bench-201': {
    keyColumns: ['arch', 'net'],
    normalise: (text) => printNasBench201(nasBench201.parse(text, 'arch')),
    keyOf: (genotype) => printNasBench201(genotype as NasBench201Genotype),
    space: () => nasBench201 as unknown as Space,
    keys: (space) => space.describe().size,
  },
  'nas-bench-macro': {
    keyColumns: ['arch'],
    normalise: (text) => nasBenchMacro.parse(text, 'arch'),
    keyOf: (genotype) => genotype as string,
    space: () => nasBenchMacro as unknown as Space,
    keys: (space) => space.describe().size,
  },
  'nas-bench-101': {
    keyColumns: ['hash'],
    normalise: graphHash,
    keyOf: (genotype) => nasBench101Key(genotype as NasBench101Genotype),
    space: (rows, file) => nasBench101(largestGraph(rows, file)) as unknown as Space,
    keys: ({ name }) => NAS_BENCH_101_GRAPHS[name],
  },
} as const satisfies Record<string, Format>;
/** The space of which tables list a part, with learning curves. */
const LISTED = 'darts-cnn';
export type TabularSpace = keyof typeof FORMATS | typeof LISTED;
export const TABULAR_SPACES = [...Object.keys(FORMATS), LISTED] as readonly TabularSpace[];

/** The number that a cell holds, or its text. */
const cellOf = (text: string): number | string => {
  const value = decimalNumber(text);
  return Number.isFinite(value) ? value : text;
};

/** Of a file that is not of its format; a parser's own error says where. */
const unreadable = (file: string, allowed: string, cause: unknown) =>
  inputError(
    'table',
    file,
    allowed,
    cause instanceof CsvError || cause instanceof SyntaxError
      ? `repair the file: ${cause.message}`
      : 'repair the file',
    { cause },
  );

const readCsv = (text: string, file: string): readonly CsvLine[] => {
  try {
    return csvLines(text);
  } catch (cause) {
    throw unreadable(
      file,
      'a CSV file whose first line names the columns, with as many cells in every line',
      cause,
    );
  }
};

/** Rows of a CSV with named columns. */
const fromCsv = (format: Format, space: string, text: string, file: string): TableRow[] => {
  const [header, ...lines] = readCsv(text, file);
  const names = header?.cells ?? [];
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined)
    throw inputError(
      'table',
      file,
      'a CSV file whose columns have different names',
      `rename one of the columns ${JSON.stringify(repeated)}`,
    );
  const at = names.findIndex((name) => format.keyColumns.includes(name));
  const keyColumn = names[at];
  if (keyColumn === undefined)
    throw inputError(
      'table',
      file,
      `a CSV file, separated by commas, with the column ${format.keyColumns.join(' or ')}`,
      `name the column of architectures ${format.keyColumns[0]} (found: ${names.join(', ') || 'an empty file'})`,
    );
  if (lines.length === 0)
    throw inputError('table', file, 'a CSV file with rows', 'add the rows: it has a header and no rows');
  return lines.map(({ cells, line }) => {
    const key = cells[at] as string;
    try {
      return {
        key: format.normalise(key),
        line,
        values: new Map(
          names.flatMap((name, i) => (i === at ? [] : [[name, cellOf(cells[i] as string)] as const])),
        ),
      };
    } catch (cause) {
      throw inputError(
        `table.${keyColumn}`,
        key,
        `architectures of ${space}`,
        `repair line ${line} of ${file}, or name the space of the table`,
        { cause },
      );
    }
  });
};

const jsonObject = z.record(z.string(), z.unknown());

/**
 * The numbers and texts of a record by column; list entries become `test_acc_1`, …, and what is neither is
 * left out.
 */
const columnsOf = (record: object): ReadonlyMap<string, number | string> => {
  const isValue = (value: unknown): value is number | string =>
    typeof value === 'number' || typeof value === 'string';
  return new Map(
    Object.entries(record)
      .flatMap(([name, value]: [string, unknown]) =>
        Array.isArray(value)
          ? value.map((entry: unknown, i) => [`${name}_${i + 1}`, entry] as const)
          : [[name, value] as const],
      )
      .filter((entry): entry is readonly [string, number | string] => isValue(entry[1])),
  );
};

/** Rows of the form `{"22212220": {"test_acc": [a, b, c], "mean_acc": m, …}}`. */
const fromJson = (format: Format, space: string, text: string, file: string): TableRow[] => {
  let table: unknown;
  try {
    table = jsonOf(text);
    // The document itself is read: a parsed one would lack a column named __proto__.
    jsonObject.parse(table);
  } catch (cause) {
    throw unreadable(file, 'JSON: an object with one entry for each architecture', cause);
  }
  return Object.entries(table as object).map(([key, record]: [string, unknown]) => {
    const values = jsonObject.safeParse(record).success ? columnsOf(record as object) : undefined;
    if (values === undefined || ![...values.values()].some((value) => typeof value === 'number'))
      throw inputError(
        `table.${key}`,
        // Its columns alone, and not all of them: records may be large.
        typeof record === 'object' && record !== null ? Object.keys(record).slice(0, 10) : record,
        'objects of numbers and of lists of numbers by column',
        `repair the entry of ${key} in ${file}`,
      );
    try {
      return { key: format.normalise(key), values };
    } catch (cause) {
      throw inputError(
        'table',
        key,
        `architectures of ${space} as keys`,
        `repair the key in ${file}, or name the space of the table`,
        { cause },
      );
    }
  });
};

/**
 * Reads a benchmark table: CSV with named columns, the JSON of NAS-Bench-Macro, or that of learning curves of
 * DARTS cells. Any numeric column can serve as search signal or final score. Throws `InputError` for an
 * unknown space, an unreadable file, or a missing row: only cells of DARTS may be a part of their space.
 */
export const readTable = (space: string, text: string, file: string): TabularBenchmark => {
  if (space === LISTED) {
    const { rows, genotypes } = readDartsCurves(text, file);
    const listed = listedSpace(dartsCnn, genotypes) as unknown as Space;
    return tabularBenchmark(listed, rows, (genotype) => listed.hash(genotype), file, true);
  }
  if (!Object.hasOwn(FORMATS, space))
    throw inputError(
      'space',
      space,
      TABULAR_SPACES.join(', '),
      suggestion(space, TABULAR_SPACES, 'use a space that has a table format'),
    );
  const format: Format = FORMATS[space as keyof typeof FORMATS];
  // Without a byte order mark, which is no JSON.
  const trimmed = text.trim();
  const rows = /^[[{]/.test(trimmed)
    ? fromJson(format, space, trimmed, file)
    : fromCsv(format, space, text, file);
  const searched = format.space(rows, file);
  const table = tabularBenchmark(searched, rows, format.keyOf, file);
  const expected = format.keys(searched);
  if (expected !== undefined && table.size !== expected) {
    const missing = table.size < expected ? firstMissing(searched, table) : undefined;
    throw inputError(
      'table',
      `${file}: ${table.size} architectures`,
      `all ${expected} architectures of ${searched.name}`,
      table.size > expected
        ? 'remove the rows of other architectures'
        : `add the missing rows${missing === undefined ? '' : `, first of them ${missing}`}`,
    );
  }
  return table;
};

/** Architectures that are looked through for the first without a row. */
const LOOKED_THROUGH = 100_000;

/** The first architecture, in the order of its choices, without a row. */
const firstMissing = (space: Space, table: TabularBenchmark): string | undefined => {
  const sizes = space.decisions?.sizes ?? [];
  const total = sizes.reduce((product, size) => product * size, 1);
  for (let index = 0; index < Math.min(total, LOOKED_THROUGH); index++) {
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
  return undefined;
};
