import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { sha256 } from '../nas/core/hash.ts';
import type { ContentRef } from '../nas/core/blob.ts';
import { blobIn } from './blob-cache.ts';
import { getBlob } from './blobs.ts';
import type { ObjectStore } from './object-store.ts';

/** Blobs fetched at once: each is held in memory while it is. */
const FETCHES = 4;

/**
 * Blobs as files of a folder on local disk, which processes share and which is as large as what is read
 * through it. A file that is there is checked once a process. Throws where the disk cannot be written.
 */
export const localBlobFiles = (
  store: ObjectStore,
  folder: string,
): ((ref: ContentRef) => Promise<string>) => {
  const limit = pLimit(FETCHES);
  const fetchFile = async (ref: ContentRef): Promise<string> => {
    const path = join(folder, ref.sha256);
    const present = await readFile(path).catch(() => undefined);
    if (present !== undefined && sha256(present) === ref.sha256) return path;
    const body = await getBlob(store, blobIn(store, ref));
    const partial = `${path}.${randomUUID()}`;
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(partial, body);
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true }).catch(() => undefined);
    }
    return path;
  };
  return (ref) => limit(() => fetchFile(ref));
};
