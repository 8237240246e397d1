import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { ImageCounts } from '../../nas/task/images/count-images.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';
import { datasetCounts, type WrittenDataset } from '../../store/datasets.ts';
import { writeDataset, writeFileDataset } from '../../store/image-datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { accountText, classRows } from './account-text.ts';
import { ADDABLE_BENCHMARKS } from './add-benchmark.ts';
import type { CifarEntry, IdxEntry, KnownDataset } from './catalogue.ts';
import { CATALOGUE } from './catalogue.ts';
import { download } from './download.ts';
import { cifarFolder, importCifar } from './import-cifar.ts';
import { importFiles } from './import-files.ts';
import type { FolderAccount, FolderOptions } from './import-folder.ts';
import { importFolder, isLabelFile } from './import-folder.ts';
import { importIdx } from './import-idx.ts';
import type { AddOptions, Importer } from './importer.ts';
import { entriesOf, kindOfPath } from './read-input.ts';
import { SHIPPED_NAME, seedShippedDataset } from './shipped.ts';

export interface ImageOptions extends Omit<FolderOptions, 'onProgress'>, AddOptions {
  /** Keep the image files as they are, and decode them while training. */
  readonly files?: boolean;
}

type ImportedDataset = RawDataset & { readonly account?: FolderAccount };

/** A data set in the store, and what became of everything in the folder that it is from. */
type AddedImages = WrittenDataset<ImageManifest> & { readonly account?: FolderAccount };

/** Any folder of images that the catalogue does not know. */
const OWN = 'images';

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
        `it has ${what} ${actual}: add it under its own name with nas data add ${OWN} --from ${from} --name NAME`,
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
 * Imports images, checks them, and writes them to the store under a name. Throws `InputError` for a bad path
 * or a corrupt file; `InfrastructureError` where the official files cannot be downloaded.
 */
export const addImages = async (
  store: ObjectStore,
  dataset: string,
  name: string,
  options: ImageOptions = {},
): Promise<AddedImages> => {
  const { from, onProgress, files = false } = options;
  if (dataset === SHIPPED_NAME) return seedShippedDataset(store);
  const known = (Object.keys(CATALOGUE) as KnownDataset[]).find((one) => one === dataset);
  const folderOptions: FolderOptions = {
    ...options,
    onProgress: (done, total) => onProgress?.('decoding images', done, total),
  };
  let raw: ImportedDataset;
  if (files && (known !== undefined || options.size === undefined))
    throw inputError(
      '--files',
      true,
      'your own images together with --size',
      'give --size PIXELS, the side that images are decoded to',
    );
  if (known === undefined) {
    if (from === undefined) {
      throw inputError('--from', null, 'a folder of images with one subfolder a class', 'give --from PATH');
    }
    if ((await kindOfPath(from)) === 'file' && !isLabelFile(from)) {
      throw inputError(
        '--from',
        from,
        `a folder of images, or a .csv of paths and labels; a table under the name of its benchmark: ${ADDABLE_BENCHMARKS.join(', ')}`,
        dataset === OWN
          ? `extract ${basename(from)} first`
          : suggestion(
              dataset,
              [...Object.keys(CATALOGUE), ...ADDABLE_BENCHMARKS],
              `extract ${basename(from)} first`,
            ),
      );
    }
    if (files && options.size !== undefined) {
      const imported = await importFiles(from, { ...folderOptions, size: options.size });
      const written = await writeFileDataset(store, name, imported);
      return { ...written, account: imported.account() };
    }
    raw = await importFolder(from, folderOptions);
  } else
    raw =
      from === undefined
        ? await importDownloaded(known, options)
        : await importFrom(known, from, folderOptions);
  onProgress?.(`writing ${raw.train.labels.length + raw.test.labels.length} images to the store`);
  const written = await writeDataset(store, name, raw);
  return raw.account === undefined ? written : { ...written, account: raw.account };
};

/** Images with one label each. */
export const images: Importer<ImageOptions> = {
  known: [...Object.keys(CATALOGUE), SHIPPED_NAME],
  own: OWN,
  from: 'a folder of images',
  options: ['labels', 'structure', 'skipBroken', 'size', 'files', 'channels', 'testFraction', 'splitSeed'],
  add: async (store, dataset, name, options) => {
    const { account, ...written } = await addImages(store, dataset, name, options);
    const counts = (await datasetCounts(store, written.manifest)) as ImageCounts;
    return {
      ...written,
      text: accountText(written.manifest, counts, account),
      document: { counts: classRows(written.manifest, counts), ...(account && { account }) },
    };
  },
};
