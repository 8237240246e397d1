import { createHash } from 'node:crypto';
import type { ObjectStore, ObjectInfo, StoredObject } from './object-store.ts';

interface MemoryObjectStoreOptions {
  /** Milliseconds since 1970; a counter by default, so that tests are deterministic. */
  readonly now?: () => number;
  readonly bucket?: string;
}

/**
 * An object store in this process, with S3's semantics: strong consistency, conditional writes with exactly
 * one winner, and ETags that depend on content alone (so that code which mistakes an ETag for a version
 * number fails here too).
 */
export const createMemoryObjectStore = (options: MemoryObjectStoreOptions = {}): ObjectStore => {
  const { bucket = 'memory' } = options;
  let ticks = 0;
  const now = options.now ?? (() => ++ticks);
  const objects = new Map<string, StoredObject & { readonly modifiedAt: number }>();

  const write = (key: string, body: Uint8Array) => {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    objects.set(key, { body: body.slice(), etag, modifiedAt: now() });
    return { kind: 'written', etag } as const;
  };
  const info = (key: string): ObjectInfo | undefined => {
    const found = objects.get(key);
    return found && { key, bytes: found.body.byteLength, etag: found.etag, modifiedAt: found.modifiedAt };
  };

  return {
    uri: (key) => `s3://${bucket}/${key}`,
    get: async (key) => {
      const found = objects.get(key);
      return found && { body: found.body.slice(), etag: found.etag };
    },
    head: async (key) => info(key),
    put: async (key, body) => write(key, body),
    putIfAbsent: async (key, body) => (objects.has(key) ? { kind: 'conflict' } : write(key, body)),
    compareAndSwap: async (key, body, etag) =>
      objects.get(key)?.etag === etag ? write(key, body) : { kind: 'conflict' },
    async *list(prefix) {
      const found = [...objects.keys()].filter((key) => key.startsWith(prefix));
      for (const key of found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
        const entry = info(key);
        if (entry) yield entry;
      }
    },
    delete: async (keys) => {
      for (const key of keys) objects.delete(key);
    },
    // eslint-disable-next-line require-yield -- bodies are written whole here, and no upload is ever open
    async *listUploads() {
      return;
    },
    abortUpload: async () => undefined,
  };
};
