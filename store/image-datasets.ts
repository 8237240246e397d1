import { countsOfLabels } from '../nas/task/images/count-images.ts';
import { encodeFiles, encodeLabels } from '../nas/task/images/encoded-shard.ts';
import type { ImageSet } from '../nas/task/images/image-set.ts';
import { channelStatistics, imageBytes, selectImages } from '../nas/task/images/image-set.ts';
import type { ImageManifest, SplitName } from '../nas/task/images/manifest.ts';
import { datasetHash } from '../nas/task/images/manifest.ts';
import type { FileDataset, FileSplit, RawDataset } from '../nas/task/images/raw-dataset.ts';
import { encodeShard } from '../nas/task/images/shard.ts';
import { putContent } from './blobs.ts';
import { writeCounts, writeManifest, type WrittenDataset } from './datasets.ts';
import type { ObjectStore } from './object-store.ts';

/** Pixels a shard holds at most: one request fetches it, one corrupt bit costs no more than it. */
const SHARD_BYTES = 16 * 2 ** 20;

/** Image files that are read, and decoded, at once. */
const READ_AHEAD = 16;

type Split = ImageManifest['splits'][SplitName];

const writeSplit = async (store: ObjectStore, set: ImageSet): Promise<Split> => {
  const perShard = Math.max(1, Math.floor(SHARD_BYTES / imageBytes(set.shape)));
  const total = set.labels.length;
  const shards = [];
  for (let from = 0; from < total; from += perShard) {
    const count = Math.min(perShard, total - from);
    const part = selectImages(
      set,
      Array.from({ length: count }, (_, i) => from + i),
    );
    shards.push({ blob: await putContent(store, encodeShard(part)), count });
  }
  return { count: total, shards };
};

const writeFileSplit = async (store: ObjectStore, { labels, read }: FileSplit): Promise<Split> => {
  const shards: Split['shards'] = [];
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
    shards.push({ blob: await putContent(store, encodeFiles(files)), count: files.length });
    files = [];
    size = 0;
  }
  return { count: labels.length, labels: await putContent(store, encodeLabels(labels)), shards };
};

const givenBy = ({
  givenValidation,
}: Pick<RawDataset, 'givenValidation'>): Pick<ImageManifest, 'givenValidation'> =>
  givenValidation === undefined ? {} : { givenValidation };

/** Writes a data set of image files, of which it holds one shard in memory; see `writeDataset`. */
export const writeFileDataset = async (
  store: ObjectStore,
  name: string,
  files: FileDataset,
): Promise<WrittenDataset<ImageManifest>> => {
  const classes = [...files.classes];
  const shape: ImageManifest['shape'] = [...files.shape];
  const splits = {
    train: await writeFileSplit(store, files.train),
    test: await writeFileSplit(store, files.test),
  };
  const content = { encoding: 'files' as const, shape, classes, splits, ...givenBy(files) };
  const written = await writeManifest<ImageManifest>(store, {
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
  const labels = { train: files.train.labels, test: files.test.labels };
  await writeCounts(store, written.manifest, countsOfLabels(written.manifest, labels));
  return written;
};

/**
 * Writes a data set of images: shards first, then the manifest (`writeManifest`). Writing the same content
 * again changes nothing.
 */
export const writeDataset = async (
  store: ObjectStore,
  name: string,
  raw: RawDataset,
): Promise<WrittenDataset<ImageManifest>> => {
  const [height, width, channels] = raw.train.shape;
  const shape: ImageManifest['shape'] = [height, width, channels === 1 ? 1 : 3];
  const classes = [...raw.classes];
  const splits = { train: await writeSplit(store, raw.train), test: await writeSplit(store, raw.test) };
  const content = { shape, classes, splits, ...givenBy(raw) };
  const written = await writeManifest<ImageManifest>(store, {
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
  const labels = { train: raw.train.labels, test: raw.test.labels };
  await writeCounts(store, written.manifest, countsOfLabels(written.manifest, labels));
  return written;
};
