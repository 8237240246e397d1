import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { TabularSpace } from '../../nas/benchmark/formats.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { readTableManifest, writeTable } from '../../store/tables.ts';
import type { TableManifest } from '../../store/tables.ts';
import { isGzipped } from './gunzipped.ts';
import { checkNewName } from './new-name.ts';

/** The table that ships with the product. */
const SHIPPED: Readonly<Record<string, string>> = {
  'nas-bench-macro': fileURLToPath(
    new URL('../../data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz', import.meta.url),
  ),
};

/** Benchmarks that `nas data add` takes and their spaces, after which most are named. */
const SPACES: Readonly<Record<string, TabularSpace>> = {
  'nas-bench-201': 'nas-bench-201',
  'nas-bench-macro': 'nas-bench-macro',
  'nas-bench-101': 'nas-bench-101',
  'darts-curves': 'darts-cnn',
};
export const ADDABLE_BENCHMARKS: readonly string[] = Object.keys(SPACES);

const readBytes = (file: string, field: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw inputError(
      field,
      file,
      'a readable CSV or JSON file, also gzipped',
      `give the path of the table: ${(cause as Error).message}`,
      { cause },
    );
  }
};

const unpacked = (bytes: Buffer, file: string, field: string): Buffer => {
  if (!isGzipped(bytes)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw inputError(
      field,
      file,
      'a whole gzip file',
      `it does not unpack, fetch it again: ${(cause as Error).message}`,
      { cause },
    );
  }
};

/** The text of a table, gzipped or not. Throws `InputError` where it cannot be read. */
export const readTableFile = (file: string, field = 'table'): string => {
  const bytes = unpacked(readBytes(file, field), file, field);
  if (bytes.includes(0))
    throw inputError(
      field,
      file,
      'CSV or JSON in UTF-8',
      'unpack or convert the file: it holds no such text',
    );
  return bytes.toString('utf8');
};

/**
 * `nas data add nas-bench-201|nas-bench-101|nas-bench-macro|darts-curves [--from FILE] [--name NAME]`: checks
 * a benchmark's table and writes it to the store once. Throws `InputError` for a file that is no table of
 * that space, a table that is needed and not given, or a name that holds another table.
 */
export const addBenchmark = async (
  store: ObjectStore,
  benchmark: string,
  { from, name = benchmark }: { readonly from?: string; readonly name?: string },
): Promise<{ readonly manifest: TableManifest; readonly created: boolean }> => {
  const space = Object.hasOwn(SPACES, benchmark) ? SPACES[benchmark] : undefined;
  if (space === undefined)
    throw inputError(
      'data set',
      benchmark,
      ADDABLE_BENCHMARKS.join(', '),
      suggestion(benchmark, ADDABLE_BENCHMARKS, 'name a benchmark'),
    );
  checkNewName(name);
  const file = from ?? SHIPPED[benchmark];
  if (file === undefined)
    throw inputError(
      '--from',
      null,
      'a CSV file with named columns and a row for every architecture (darts-curves: JSON), also gzipped',
      `only nas-bench-macro ships with the product: nas data add ${benchmark} --from FILE`,
    );
  const created = (await readTableManifest(store, name)) === undefined;
  const text = readTableFile(file, '--from');
  return { manifest: await writeTable(store, { name, space, text, source: basename(file) }), created };
};
