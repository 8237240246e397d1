import { z } from 'zod';
import type { BlobRef } from '../nas/core/blob.ts';
import { sha256 } from '../nas/core/hash.ts';
import { inputError } from '../nas/core/input-error.ts';
import type { DatasetManifest, FetchBlob } from '../nas/task/manifest.ts';
import { datasetManifestSchema, taskOf } from '../nas/task/tasks.ts';
import { blobIn } from './blob-cache.ts';
import { CorruptBlobError, getBlob } from './blobs.ts';
import { createDocument, encodeJson, readDocument, readHint } from './json-documents.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';

export interface StoredDataset<Manifest extends DatasetManifest = DatasetManifest> {
  readonly manifest: Manifest;
  /** What a job document carries: the manifest's place and hash. */
  readonly ref: BlobRef;
}

export type WrittenDataset<Manifest extends DatasetManifest = DatasetManifest> = StoredDataset<Manifest> & {
  /** Whether it was not there before. */
  readonly created: boolean;
};

/**
 * Writes the manifest of a data set whose blobs have been written: last, and only if absent, so that a name
 * never changes its meaning and a write cut short leaves no half data set. Throws `InputError` where the name
 * holds other content.
 */
export const writeManifest = async <Manifest extends DatasetManifest>(
  store: ObjectStore,
  unchecked: Manifest,
): Promise<WrittenDataset<Manifest>> => {
  const manifest = datasetManifestSchema.parse(unchecked);
  const { name } = manifest;
  const { written } = await createDocument(store, keys.dataset(name), datasetManifestSchema, manifest);
  const stored = await readDataset(store, name);
  if (stored === undefined) throw new Error(`data set ${name}: its manifest vanished while it was written`);
  if (stored.manifest.sha256 !== manifest.sha256) {
    throw inputError(
      'name',
      name,
      'a name that is free, or that holds the same content',
      `the data set ${name} exists with other content (${stored.manifest.source}); choose another name with --name`,
    );
  }
  // Equal content is of one task.
  return { ...(stored as StoredDataset<Manifest>), created: written };
};

/**
 * The data set of that name, or undefined. Throws `CorruptDocumentError` when its manifest does not parse.
 */
export const readDataset = async (store: ObjectStore, name: string): Promise<StoredDataset | undefined> => {
  const key = keys.dataset(name);
  const object = await store.get(key);
  const manifest = await readDocument(store, key, datasetManifestSchema);
  if (object === undefined || manifest === undefined) return undefined;
  const ref = { uri: store.uri(key), sha256: sha256(object.body), bytes: object.body.byteLength };
  return { manifest, ref };
};

/** What the store has of data sets, by name. */
interface FoundDatasets {
  readonly intact: readonly StoredDataset[];
  /** Those whose manifest cannot be read, and why. */
  readonly damaged: readonly { readonly name: string; readonly problem: string }[];
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1);

export const findDatasets = async (store: ObjectStore): Promise<FoundDatasets> => {
  const intact: StoredDataset[] = [];
  const damaged: { readonly name: string; readonly problem: string }[] = [];
  for await (const { key } of store.list(keys.datasets())) {
    const name = /^datasets\/([^/]+)\/manifest\.json$/.exec(key)?.[1];
    if (name === undefined) continue;
    try {
      const stored = await readDataset(store, name);
      if (stored) intact.push(stored);
    } catch (error) {
      if (!(error instanceof CorruptDocumentError)) throw error;
      damaged.push({ name, problem: error.message });
    }
  }
  return {
    intact: intact.sort((a, b) => byName(a.manifest.name, b.manifest.name)),
    damaged: damaged.sort((a, b) => byName(a.name, b.name)),
  };
};

/** All data sets in the store that can be read, by name. */
export const listDatasets = async (store: ObjectStore): Promise<readonly StoredDataset[]> =>
  (await findDatasets(store)).intact;

const blobsOf =
  (store: ObjectStore): FetchBlob =>
  (ref) =>
    getBlob(store, blobIn(store, ref));

const countsSchema = z.looseObject({
  version: z.literal(1),
  /** Content hash of the data set that was counted. */
  dataset: z.string(),
});

/** Keeps what has been counted of a data set's examples, so that nobody counts them again. */
export const writeCounts = async (
  store: ObjectStore,
  { name, sha256: dataset }: DatasetManifest,
  counts: object,
): Promise<void> => {
  await store.put(keys.datasetCounts(name), encodeJson({ version: 1, dataset, ...counts }));
};

/**
 * What the task counts of the data set's examples; counted anew, and kept, where nobody has counted them yet;
 * `undefined` where its task counts nothing.
 */
export const datasetCounts = async (store: ObjectStore, manifest: DatasetManifest): Promise<unknown> => {
  const { counts } = taskOf(manifest.task);
  if (counts === undefined) return undefined;
  const known = await readHint(store, keys.datasetCounts(manifest.name), countsSchema);
  if (known?.dataset === manifest.sha256) {
    const { version: _version, dataset: _dataset, ...rest } = known;
    const parsed = counts.schema.safeParse(rest);
    if (parsed.success) return parsed.data;
  }
  const counted = await counts.of(manifest, blobsOf(store));
  await writeCounts(store, manifest, counted as object);
  return counted;
};

/**
 * Reads every byte of a data set and says what is wrong with it, nothing if all is well: missing or changed
 * blobs, content that contradicts the manifest.
 */
export const verifyDataset = async (
  store: ObjectStore,
  manifest: DatasetManifest,
): Promise<readonly string[]> => {
  const task = taskOf(manifest.task);
  const problems: string[] = [];
  for (const [split, blobs] of Object.entries(task.blobs(manifest)))
    for (const blob of blobs)
      await getBlob(store, blobIn(store, blob)).catch((error: unknown) => {
        if (!(error instanceof CorruptBlobError)) throw error;
        problems.push(`${split}: ${error.problem}`);
      });
  const content = task.contentHash(manifest);
  if (content !== manifest.sha256)
    problems.push(`manifest: its content hash is ${content}, it says ${manifest.sha256}`);
  return problems.length > 0 ? problems : task.verify(manifest, blobsOf(store));
};
