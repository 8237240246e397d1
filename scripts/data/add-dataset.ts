import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import { writeDataset, writeFileDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { ADDABLE_BENCHMARKS } from './add-benchmark.ts';
import type { CifarEntry, IdxEntry, KnownDataset } from './catalogue.ts';
import { CATALOGUE } from './catalogue.ts';
import { download } from './download.ts';
import { cifarFolder, importCifar } from './import-cifar.ts';
import { importFiles } from './import-files.ts';
import type { FolderAccount, FolderOptions } from './import-folder.ts';
import { importFolder, isLabelFile } from './import-folder.ts';
import { importIdx } from './import-idx.ts';
import { entriesOf, kindOfPath } from './read-input.ts';
import { SHIPPED_NAME, seedShippedDataset } from './shipped.ts';

export interface AddOptions extends Omit<FolderOptions, 'onProgress'> {
  /** A local path in place of a download. */
  readonly from?: string;
  /** The name in the store; the data set's own by default, required for `images`. */
  readonly name?: string;
  /** Keep the image files as they are, and decode them while training. */
  readonly files?: boolean;
  /** What is going on, with progress where it is known. */
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

type ImportedDataset = RawDataset & { readonly account?: FolderAccount };

/** A data set in the store, and what became of everything in the folder that it is from. */
type AddedDataset = StoredDataset & { readonly created: boolean; readonly account?: FolderAccount };

/** Any folder of images that the catalogue does not know. */
export const CUSTOM = 'images';
export const ADDABLE: readonly string[] = [...Object.keys(CATALOGUE), SHIPPED_NAME, CUSTOM];

const NAME = /^[a-z0-9][a-z0-9-]{0,47}$/;

/** Fetches the official files to a temporary folder, imports them, and removes them. */
const importDownloaded = async (known: KnownDataset, { onProgress }: AddOptions): Promise<RawDataset> => {
  const entry: IdxEntry | CifarEntry = CATALOGUE[known];
  const files =
    entry.kind === 'idx'
      ? Object.values(entry.files).map(({ name, origin }) => ({ name: `${name}.gz`, origin }))
      : [entry.archive];
  const folder = await mkdtemp(join(tmpdir(), `nas-${known}-`));
  try {
    for (const { name, origin } of files) {
      await download(origin, join(folder, name), {
        fix: `fetch ${files.length === 1 ? 'it' : 'the files'} on a machine that can, then: nas data add ${known} --from PATH`,
        onProgress: (received, total) => onProgress?.(`downloading ${name}`, received, total),
      });
    }
    return entry.kind === 'idx'
      ? await importIdx(entry, folder)
      : await importCifar(entry, join(folder, entry.archive.name), 'archive');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** A folder of images under an official name must be that data set: its classes, image size and counts. */
const checkAgainst = (known: KnownDataset, raw: ImportedDataset, from: string): ImportedDataset => {
  const entry: IdxEntry | CifarEntry = CATALOGUE[known];
  const facts = [
    ['classes', raw.classes.join(', '), [...entry.classes].sort().join(', ')],
    ['image shape', raw.train.shape.join(' × '), entry.shape.join(' × ')],
    ['training images', raw.train.labels.length, entry.counts.train],
    ['test images', raw.test.labels.length, entry.counts.test],
  ] as const;
  for (const [what, actual, expected] of facts) {
    if (actual !== expected) {
      throw inputError(
        '--from',
        from,
        `${known} itself, with ${what} ${expected}`,
        `it has ${what} ${actual}: add it under its own name with nas data add ${CUSTOM} --from ${from} --name NAME`,
      );
    }
  }
  return {
    ...raw,
    source: `${entry.source}, from a folder of images`,
    licence: entry.licence,
    verified: 'class names, image shape and counts; pixels may be re-encoded',
  };
};

/** A data set of the catalogue from a local path: its archive, its files, or a folder of images a class. */
export const importFrom = async (
  known: KnownDataset,
  from: string,
  options: FolderOptions,
): Promise<ImportedDataset> => {
  const entry: IdxEntry | CifarEntry = CATALOGUE[known];
  const kind = await kindOfPath(from);
  const images = async (): Promise<ImportedDataset> =>
    checkAgainst(
      known,
      await importFolder(from, { ...options, channels: entry.shape[2] === 1 ? 1 : 3 }),
      from,
    );
  if (entry.kind === 'idx') {
    if (kind === 'file') return importIdx(entry, dirname(from));
    const hasFolders = (await entriesOf(from)).some((item) => item.kind === 'folder');
    return hasFolders ? images() : importIdx(entry, from);
  }
  if (kind === 'file') return importCifar(entry, from, 'archive');
  const folder = await cifarFolder(entry, from);
  return folder === undefined ? images() : importCifar(entry, folder, 'folder');
};

/**
 * `nas data add`: imports a data set, checks it, and writes it to the store once. Throws InputError for an
 * unknown name (suggesting the nearest), a bad path, or a corrupt file; InfrastructureError where the
 * official files cannot be downloaded.
 */
export const addDataset = async (
  store: ObjectStore,
  dataset: string,
  options: AddOptions = {},
): Promise<AddedDataset> => {
  const { from, onProgress, files = false } = options;
  // With a folder, any name that is not taken is that of the user's own images.
  const custom = dataset === CUSTOM || (from !== undefined && !ADDABLE.includes(dataset));
  const name = options.name ?? dataset;
  if (!custom && !ADDABLE.includes(dataset)) {
    const names = [...ADDABLE, ...ADDABLE_BENCHMARKS];
    throw inputError(
      'data set',
      dataset,
      names.join(', '),
      suggestion(dataset, names, `nas data add NAME --from FOLDER takes your own images`),
    );
  }
  if (!NAME.test(name)) {
    throw inputError(
      '--name',
      name,
      'lower-case letters, digits and dashes, at most 48',
      'choose such a name',
    );
  }
  const reserved = name !== dataset && name !== CUSTOM && ADDABLE.includes(name);
  if (reserved || (dataset === CUSTOM && name === CUSTOM)) {
    throw inputError(
      '--name',
      name,
      `a name of your own, none of ${ADDABLE.join(', ')}`,
      'choose another name',
    );
  }
  if (dataset === SHIPPED_NAME) return seedShippedDataset(store);
  const folderOptions: FolderOptions = {
    ...options,
    onProgress: (done, total) => onProgress?.('decoding images', done, total),
  };
  let raw: ImportedDataset;
  if (files && (!custom || options.size === undefined))
    throw inputError(
      '--files',
      true,
      'your own images together with --size',
      'give --size PIXELS, the side that images are decoded to',
    );
  if (custom) {
    if (from === undefined) {
      throw inputError('--from', null, 'a folder of images with one subfolder a class', 'give --from PATH');
    }
    if ((await kindOfPath(from)) === 'file' && !isLabelFile(from)) {
      throw inputError(
        '--from',
        from,
        `a folder of images, or a .csv of paths and labels; a table under the name of its benchmark: ${ADDABLE_BENCHMARKS.join(', ')}`,
        dataset === CUSTOM
          ? `extract ${basename(from)} first`
          : suggestion(dataset, [...ADDABLE, ...ADDABLE_BENCHMARKS], `extract ${basename(from)} first`),
      );
    }
    if (files && options.size !== undefined) {
      const imported = await importFiles(from, { ...folderOptions, size: options.size });
      const written = await writeFileDataset(store, name, imported);
      return { ...written, account: imported.account() };
    }
    raw = await importFolder(from, folderOptions);
  } else {
    const known = dataset as KnownDataset;
    raw =
      from === undefined
        ? await importDownloaded(known, options)
        : await importFrom(known, from, folderOptions);
  }
  onProgress?.(`writing ${raw.train.labels.length + raw.test.labels.length} images to the store`);
  const written = await writeDataset(store, name, raw);
  return raw.account === undefined ? written : { ...written, account: raw.account };
};
