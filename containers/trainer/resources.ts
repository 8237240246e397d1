import { parseJson } from '../../nas/core/json.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { FetchBlob } from '../../nas/task/manifest.ts';
import { datasetManifestSchema } from '../../nas/task/tasks.ts';
import { tensorTaskOf } from '../../nas/training/tasks/registry.ts';
import { cachedBlobFetcher } from '../../store/blob-cache.ts';
import { localBlobFiles } from '../../store/blob-files.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { persist } from './persist.ts';

/**
 * The job's data set as its task has it, fetched through the folder `cache`: what the manifest says at once,
 * the examples when a program reads them.
 */
export const openProgramData = async (
  store: ObjectStore,
  dataset: JobDocument['dataset'],
  cache: string,
  retrySeconds: number,
): Promise<unknown> => {
  const fetchCached = cachedBlobFetcher(store, cache);
  const fetchFile = localBlobFiles(store, cache);
  const bytes: FetchBlob = (ref) => persist(`data set ${dataset.name}`, retrySeconds, () => fetchCached(ref));
  const document = await bytes(dataset.manifest);
  const manifest = parseJson(datasetManifestSchema, Buffer.from(document).toString('utf8'));
  return tensorTaskOf(manifest.task).load(manifest, {
    bytes,
    file: (ref) => persist(`data set ${dataset.name}`, retrySeconds, () => fetchFile(ref)),
  });
};
