import type { JobDocument } from '../../nas/job/job.ts';
import { imageManifestSchema } from '../../nas/task/images/manifest.ts';
import type { SplitName } from '../../nas/task/images/manifest.ts';
import { decodeAll } from '../../nas/task/images/decode-all.ts';
import { openDataset } from '../../nas/task/images/dataset.ts';
import { openStreamed } from '../../nas/task/images/streamed-dataset.ts';
import type { ProgramData } from '../../nas/training/programs/resources.ts';
import { cachedBlobFetcher } from '../../store/blob-cache.ts';
import { localBlobFiles } from '../../store/blob-files.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { persist } from './persist.ts';

/**
 * The job's data set, fetched through the folder `cache`: shape and counts at once, the images of a split
 * when a program opens it.
 */
export const openProgramData = async (
  store: ObjectStore,
  dataset: JobDocument['dataset'],
  cache: string,
  retrySeconds: number,
): Promise<ProgramData> => {
  const fetchCached = cachedBlobFetcher(store, cache);
  const fetchBlob: Parameters<typeof openDataset>[2] = (ref) =>
    persist(`data set ${dataset.name}`, retrySeconds, () => fetchCached(ref));
  const bytes = await fetchBlob(dataset.manifest);
  const manifest = imageManifestSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const fetchFile = localBlobFiles(store, cache);
  const stream = (split: SplitName): ReturnType<typeof openStreamed> =>
    openStreamed(manifest, split, {
      bytes: fetchBlob,
      file: (ref) => persist(`data set ${dataset.name}`, retrySeconds, () => fetchFile(ref)),
    });
  return {
    shape: manifest.shape,
    classes: manifest.classes.length,
    counts: { train: manifest.splits.train.count, test: manifest.splits.test.count },
    ...(manifest.encoding === undefined
      ? { open: (split) => openDataset(manifest, split, fetchBlob) }
      : { open: async (split) => decodeAll(manifest, await stream(split)), stream }),
  };
};
