import { z } from 'zod';
import { readTable } from '../nas/benchmark/formats.ts';
import type { TabularBenchmark } from '../nas/benchmark/table.ts';
import { contentRefSchema } from '../nas/core/blob.ts';
import { inputError } from '../nas/core/input-error.ts';
import { blobIn } from './blob-cache.ts';
import { getBlob, putBlob } from './blobs.ts';
import { createDocument, readDocument } from './json-documents.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

/** A benchmark's table in the store. Immutable: a name, once written, always means the same bytes. */
const manifestSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  /** Search space whose architectures it holds. */
  space: z.string(),
  /** The table as text, CSV or JSON. */
  blob: contentRefSchema,
  rows: z.number().int().min(1),
  /** Numeric columns. */
  columns: z.array(z.string()).min(1).readonly(),
  /** Those that also have values after shares of the training. */
  curves: z.array(z.string()).readonly().optional(),
  source: z.string(),
});
export type TableManifest = z.infer<typeof manifestSchema>;

/**
 * Checks a table and writes it. Writing the same one again changes nothing. Throws `InputError` for a table
 * that is not one of its space, and for another table under a name that is taken.
 */
export const writeTable = async (
  store: ObjectStore,
  { name, space, text, source }: Pick<TableManifest, 'name' | 'space' | 'source'> & { readonly text: string },
): Promise<TableManifest> => {
  const table = readTable(space, text, source);
  const { sha256, bytes } = await putBlob(store, new TextEncoder().encode(text));
  const manifest: TableManifest = {
    version: 1,
    name,
    space,
    blob: { sha256, bytes },
    rows: table.size,
    columns: table.columns,
    ...(table.curves.length === 0 ? {} : { curves: table.curves }),
    source,
  };
  const { identical } = await createDocument(store, keys.table(name), manifestSchema, manifest);
  if (identical) return manifest;
  const present = await readTableManifest(store, name);
  if (present?.blob.sha256 === sha256 && present.space === space) return present;
  throw inputError('table', name, 'a name that no other table has', 'add the table under another name');
};

/** `undefined` where there is no table of that name. */
export const readTableManifest = (store: ObjectStore, name: string): Promise<TableManifest | undefined> =>
  readDocument(store, keys.table(name), manifestSchema);

export const listTables = async (store: ObjectStore): Promise<TableManifest[]> => {
  const found: TableManifest[] = [];
  for await (const { key } of store.list(keys.tables())) {
    const manifest = await readDocument(store, key, manifestSchema);
    if (manifest !== undefined) found.push(manifest);
  }
  return found;
};

/** The table that a manifest describes, verified. */
export const openTable = async (
  store: ObjectStore,
  { space, blob, name }: TableManifest,
): Promise<TabularBenchmark> =>
  readTable(space, new TextDecoder().decode(await getBlob(store, blobIn(store, blob))), name);
