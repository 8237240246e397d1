import { z } from 'zod';
import type { BlobRef } from '../nas/core/blob.ts';
import type { DatasetManifest, SplitName } from '../nas/task/images/manifest.ts';
import { datasetHash, datasetManifestSchema } from '../nas/task/images/manifest.ts';
import { inputError } from '../nas/core/input-error.ts';
import { sha256 } from '../nas/core/hash.ts';
import type { ImageSet } from '../nas/task/images/image-set.ts';
import { channelStatistics, imageBytes, selectImages } from '../nas/task/images/image-set.ts';
import { openDataset } from '../nas/task/images/dataset.ts';
import { decodeLabels, encodeFiles, encodeLabels } from '../nas/task/images/encoded-shard.ts';
import type { FileDataset, FileSplit, RawDataset } from '../nas/task/images/raw-dataset.ts';
import { decodeShardLabels, encodeShard } from '../nas/task/images/shard.ts';
import { blobIn } from './blob-cache.ts';
import { CorruptBlobError, getBlob, putBlob } from './blobs.ts';
import { createDocument, encodeJson, readDocument, readHint } from './json-documents.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';

/** Pixels a shard holds at most: one request fetches it, one corrupt bit costs no more than it. */
const SHARD_BYTES = 16 * 2 ** 20;

export interface StoredDataset {
  readonly manifest: DatasetManifest;
  /** What a job document carries: the manifest's place and hash. */
  readonly ref: BlobRef;
}

/** Image files that are read, and decoded, at once. */
const READ_AHEAD = 16;

type Written = StoredDataset & { readonly created: boolean };

const classCounts = z.array(z.number().int().min(0));

const countsSchema = z.strictObject({
  version: z.literal(1),
  /** Content hash of the data set that was counted. */
  dataset: z.string(),
  /** Images of each class, its own validation split included. */
  train: classCounts,
  /** Of these, the images of its own validation split. */
  validation: classCounts.exactOptional(),
  test: classCounts,
});

/** Images of each class, by split; `validation` is a part of `train`. */
export type ClassCounts = Omit<z.infer<typeof countsSchema>, 'version' | 'dataset'>;

const countLabels = (labels: ArrayLike<number>, classes: number): number[] => {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++)
    counts[labels[i] as number] = (counts[labels[i] as number] ?? 0) + 1;
  return counts;
};

/**
 * Labels of a split from its blobs. Throws `CorruptBlobError` or `RangeError` where they are not what the
 * manifest says.
 */
const readLabels = async (
  store: ObjectStore,
  { splits, shape, classes }: DatasetManifest,
  name: SplitName,
): Promise<Int32Array> => {
  const { count, labels, shards } = splits[name];
  if (labels !== undefined)
    return decodeLabels(await getBlob(store, blobIn(store, labels)), count, classes.length);
  const all = new Int32Array(count);
  let at = 0;
  for (const shard of shards) {
    const bytes = await getBlob(store, blobIn(store, shard.blob));
    all.set(decodeShardLabels(bytes, shard.count, classes.length, shape), at);
    at += shard.count;
  }
  return all;
};

const writeCounts = async (
  store: ObjectStore,
  manifest: Pick<DatasetManifest, 'name' | 'classes' | 'sha256' | 'givenValidation'>,
  labels: { readonly train: ArrayLike<number>; readonly test: ArrayLike<number> },
): Promise<ClassCounts> => {
  const { name, classes, givenValidation, sha256: dataset } = manifest;
  const counts: ClassCounts = {
    train: countLabels(labels.train, classes.length),
    ...(givenValidation === undefined
      ? {}
      : {
          validation: countLabels(
            Array.from(labels.train).slice(labels.train.length - givenValidation),
            classes.length,
          ),
        }),
    test: countLabels(labels.test, classes.length),
  };
  await store.put(keys.datasetCounts(name), encodeJson({ version: 1, dataset, ...counts }));
  return counts;
};

/**
 * How many images of each class a data set has; counted anew, and kept, where nobody has counted them yet.
 */
export const countsByClass = async (store: ObjectStore, manifest: DatasetManifest): Promise<ClassCounts> => {
  const known = await readHint(store, keys.datasetCounts(manifest.name), countsSchema);
  if (known?.dataset === manifest.sha256) {
    const { version: _version, dataset: _dataset, ...counts } = known;
    return counts;
  }
  return writeCounts(store, manifest, {
    train: await readLabels(store, manifest, 'train'),
    test: await readLabels(store, manifest, 'test'),
  });
};

const writeSplit = async (
  store: ObjectStore,
  set: ImageSet,
): Promise<DatasetManifest['splits'][SplitName]> => {
  const perShard = Math.max(1, Math.floor(SHARD_BYTES / imageBytes(set.shape)));
  const total = set.labels.length;
  const shards = [];
  for (let from = 0; from < total; from += perShard) {
    const count = Math.min(perShard, total - from);
    const part = selectImages(
      set,
      Array.from({ length: count }, (_, i) => from + i),
    );
    const { sha256, bytes } = await putBlob(store, encodeShard(part));
    shards.push({ blob: { sha256, bytes }, count });
  }
  return { count: total, shards };
};

const writeFileSplit = async (
  store: ObjectStore,
  { labels, read }: FileSplit,
): Promise<DatasetManifest['splits'][SplitName]> => {
  const shards: DatasetManifest['splits'][SplitName]['shards'] = [];
  let files: Uint8Array[] = [];
  let size = 0;
  const ahead: Promise<Uint8Array>[] = [];
  for (const index of labels.keys()) {
    while (ahead.length < READ_AHEAD && index + ahead.length < labels.length) {
      const file = read(index + ahead.length);
      // A failure surfaces at its turn.
      file.catch(() => undefined);
      ahead.push(file);
    }
    const file = (await ahead.shift()) as Uint8Array;
    files.push(file);
    size += file.length;
    if (size < SHARD_BYTES && index < labels.length - 1) continue;
    const { sha256, bytes } = await putBlob(store, encodeFiles(files));
    shards.push({ blob: { sha256, bytes }, count: files.length });
    files = [];
    size = 0;
  }
  const { sha256, bytes } = await putBlob(store, encodeLabels(labels));
  return { count: labels.length, labels: { sha256, bytes }, shards };
};

const givenBy = ({
  givenValidation,
}: Pick<RawDataset, 'givenValidation'>): Pick<DatasetManifest, 'givenValidation'> =>
  givenValidation === undefined ? {} : { givenValidation };

/** Writes a data set of image files, of which it holds one shard in memory; see `writeDataset`. */
export const writeFileDataset = async (
  store: ObjectStore,
  name: string,
  files: FileDataset,
): Promise<Written> => {
  const classes = [...files.classes];
  const shape: DatasetManifest['shape'] = [...files.shape];
  const splits = {
    train: await writeFileSplit(store, files.train),
    test: await writeFileSplit(store, files.test),
  };
  const content = { encoding: 'files' as const, shape, classes, splits, ...givenBy(files) };
  const written = await writeManifest(store, {
    version: 1,
    name,
    ...content,
    normalisation: files.normalisation(),
    sha256: datasetHash(content),
    equalImages: files.equalImages(),
    source: files.source,
    licence: files.licence,
    verified: files.verified,
  });
  await writeCounts(store, written.manifest, { train: files.train.labels, test: files.test.labels });
  return written;
};

/**
 * Writes a data set: shards first, the manifest last and only if absent, so a name never changes its meaning
 * and a write cut short leaves no half data set. Writing the same content again changes nothing. Throws
 * InputError where the name holds other content.
 */
export const writeDataset = async (store: ObjectStore, name: string, raw: RawDataset): Promise<Written> => {
  const [height, width, channels] = raw.train.shape;
  const shape: DatasetManifest['shape'] = [height, width, channels === 1 ? 1 : 3];
  const classes = [...raw.classes];
  const splits = { train: await writeSplit(store, raw.train), test: await writeSplit(store, raw.test) };
  const content = { shape, classes, splits, ...givenBy(raw) };
  const written = await writeManifest(store, {
    version: 1,
    name,
    ...content,
    normalisation: channelStatistics(raw.train),
    sha256: datasetHash(content),
    ...(raw.equalImages && { equalImages: raw.equalImages }),
    source: raw.source,
    licence: raw.licence,
    verified: raw.verified,
  });
  await writeCounts(store, written.manifest, { train: raw.train.labels, test: raw.test.labels });
  return written;
};

const writeManifest = async (store: ObjectStore, unchecked: DatasetManifest): Promise<Written> => {
  const manifest = datasetManifestSchema.parse(unchecked);
  const { name } = manifest;
  const { written } = await createDocument(store, keys.dataset(name), manifest);
  const stored = await readDataset(store, name);
  if (stored === undefined) throw new Error(`data set ${name}: its manifest vanished while it was written`);
  if (stored.manifest.sha256 !== manifest.sha256) {
    throw inputError(
      'name',
      name,
      'a name that is free, or that holds the same images',
      `the data set ${name} exists with other content (${stored.manifest.source}); choose another name with --name`,
    );
  }
  return { ...stored, created: written };
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

/**
 * Reads every byte of a data set and says what is wrong with it, nothing if all is well: missing or changed
 * shards, labels out of range, a content hash or normalisation statistics that do not follow from the images.
 */
export const verifyDataset = async (
  store: ObjectStore,
  manifest: DatasetManifest,
): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const split of ['train', 'test'] as const) {
    const { shards, labels } = manifest.splits[split];
    for (const blob of [...shards.map((shard) => shard.blob), ...(labels === undefined ? [] : [labels])]) {
      await getBlob(store, blobIn(store, blob)).catch((error: unknown) => {
        if (!(error instanceof CorruptBlobError)) throw error;
        problems.push(`${split}: ${error.problem}`);
      });
    }
  }
  if (datasetHash(manifest) !== manifest.sha256) {
    problems.push(`manifest: its content hash is ${datasetHash(manifest)}, it says ${manifest.sha256}`);
  }
  // Statistics of image files depend on the decoder's version; their bytes have been checked.
  if (problems.length > 0 || manifest.encoding !== undefined) return problems;
  try {
    await openDataset(manifest, 'test', (ref) => getBlob(store, blobIn(store, ref)));
    const train = await openDataset(manifest, 'train', (ref) => getBlob(store, blobIn(store, ref)));
    const { mean, std } = channelStatistics(train);
    for (const [what, actual, stated] of [
      ['mean', mean, manifest.normalisation.mean],
      ['std', std, manifest.normalisation.std],
    ] as const) {
      if (actual.join() !== stated.join()) {
        problems.push(
          `normalisation: ${what} is ${actual.join(', ')}, the manifest says ${stated.join(', ')}`,
        );
      }
    }
  } catch (error) {
    problems.push((error as Error).message);
  }
  return problems;
};
