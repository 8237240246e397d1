import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { BlobRef, ContentRef } from '../nas/core/blob.ts';
import { sha256 } from '../nas/core/hash.ts';
import { getBlob } from './blobs.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

/** Where a blob that is named by content alone lies in this store. */
export const blobIn = (store: ObjectStore, { sha256, bytes }: ContentRef): BlobRef => ({
  uri: store.uri(keys.blob(sha256)),
  sha256,
  bytes,
});

/**
 * Fetches blobs through a folder on local disk, for data that many jobs of one machine read. A cached file
 * counts only if its hash is right; a damaged one is fetched again. Processes may share the folder: files
 * appear whole, by renaming. A disk that cannot be written slows a job down and does not fail it.
 */
export const cachedBlobFetcher =
  (store: ObjectStore, folder: string) =>
  async (ref: BlobRef | ContentRef): Promise<Uint8Array> => {
    const path = join(folder, ref.sha256);
    const cached = await readFile(path).catch(() => undefined);
    if (cached !== undefined && sha256(cached) === ref.sha256) return cached;
    const body = await getBlob(store, 'uri' in ref ? ref : blobIn(store, ref));
    const partial = `${path}.${randomUUID()}`;
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(partial, body);
      await rename(partial, path);
    } catch {
      await rm(partial, { force: true }).catch(() => undefined);
    }
    return body;
  };
