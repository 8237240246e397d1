import { z } from 'zod';
import { parseJson } from '../nas/core/json.ts';
import { readLatest, readManifest, type JobRef } from './checkpoint-documents.ts';
import { updateDocument } from './json-documents.ts';
import { keys } from './keys.ts';
import { CorruptDocumentError } from './sealed-document.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

/**
 * Mark and sweep over a whole bucket, in two phases. Only content-addressed blobs and the checkpoints'
 * manifests and chunks are ever deleted; every other object is a document, and a document keeps alive
 * whatever it names:
 *
 * - a blob whose SHA-256 occurs in a document, or in a blob that is kept;
 * - a checkpoint that its job's `latest.json` lists, or whose manifest's key occurs in a document, with its
 *   chunks.
 *
 * An unreferenced object that has not changed for the grace period is condemned first. It is deleted by a
 * later collection, another grace period after that, if it is still unreferenced and nobody has written it
 * again.
 */
interface GarbageOptions {
  /** Milliseconds; must exceed the longest time between writing an object and the document that names it. */
  readonly graceMs: number;
  /** Now, milliseconds since 1970. */
  readonly now: number;
  /** Report only. */
  readonly dryRun?: boolean;
}

export interface GarbageReport {
  readonly dryRun: boolean;
  readonly scanned: { readonly objects: number; readonly bytes: number };
  /** Deleted now, or what would be in a dry run. */
  readonly deleted: { readonly objects: number; readonly bytes: number; readonly keys: readonly string[] };
  /** Unreferenced; to be deleted by a collection that runs a grace period after these were condemned. */
  readonly condemned: { readonly objects: number; readonly bytes: number; readonly keys: readonly string[] };
  /** Uploads in parts that nobody completed within the grace period, aborted. */
  readonly uploads: { readonly aborted: number; readonly keys: readonly string[] };
  /** Jobs whose checkpoints are left alone because what they refer to cannot be read. */
  readonly untouched: readonly string[];
}

const condemnedSchema = z.strictObject({
  version: z.literal(1),
  objects: z.record(
    z.string(),
    z.strictObject({ etag: z.string(), modifiedAt: z.number(), condemnedAt: z.number() }),
  ),
});

const HASH = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;
const MANIFEST = /runs\/[^\s"'<>\\]+?\/checkpoints\/\d{6,}-\d{12,}\.json/g;
const CHECKPOINT_PART = /^runs\/([^/]+)\/jobs\/(.+)\/(checkpoints|chunks)\/[^/]+$/;

/** Hashes and manifests that documents and kept blobs name. */
const readReferences = async (
  store: ObjectStore,
  documents: readonly ObjectInfo[],
  blobs: readonly ObjectInfo[],
): Promise<{ readonly hashes: ReadonlySet<string>; readonly manifests: ReadonlySet<string> }> => {
  const hashes = new Set<string>();
  const manifests = new Set<string>();
  const scan = (body: Uint8Array): string[] => {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
    for (const [key] of text.matchAll(MANIFEST)) manifests.add(key);
    return [...text.matchAll(HASH)].map(([hash]) => hash);
  };
  const present = new Set(blobs.map(({ key }) => key));
  const pending: string[] = [];
  const mark = (found: readonly string[]): void => {
    for (const hash of found) {
      if (hashes.has(hash)) continue;
      hashes.add(hash);
      if (present.has(keys.blob(hash))) pending.push(keys.blob(hash));
    }
  };
  for (const { key } of documents) mark(scan((await store.get(key))?.body ?? new Uint8Array()));
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    mark(scan((await store.get(key))?.body ?? new Uint8Array()));
  }
  return { hashes, manifests };
};

/** Manifests and chunks of one job that must stay; `undefined` when that cannot be known. */
const liveParts = async (
  store: ObjectStore,
  job: JobRef,
  named: ReadonlySet<string>,
): Promise<ReadonlySet<string> | undefined> => {
  const latest = await readLatest(store, job);
  if (latest.problem !== undefined) return undefined;
  const { manifests } = keys.job(job.runId, job.jobId);
  const kept = new Set([
    ...latest.history.map(({ key }) => key),
    ...[...named].filter((key) => key.startsWith(manifests)),
  ]);
  const live = new Set(kept);
  for (const key of kept) {
    try {
      for (const chunk of (await readManifest(store, { key })).manifest.chunks) live.add(chunk.key);
    } catch (error) {
      if (error instanceof CorruptDocumentError) return undefined;
      throw error;
    }
  }
  return live;
};

/**
 * Collects garbage. Safe beside running jobs and other collections. Throws `StorageError`, and
 * `CorruptDocumentError` before anything is deleted when the references in a damaged object cannot be known.
 */
export const collectGarbage = async (store: ObjectStore, options: GarbageOptions): Promise<GarbageReport> => {
  const { graceMs, now, dryRun = false } = options;
  const settled = ({ modifiedAt }: { readonly modifiedAt: number }): boolean => now - modifiedAt > graceMs;

  // The objects are listed before the references are read: what is written in between is young, or newly
  // named.
  const blobs: ObjectInfo[] = [];
  const parts = new Map<string, { readonly job: JobRef; readonly objects: ObjectInfo[] }>();
  const documents: ObjectInfo[] = [];
  const scanned = { objects: 0, bytes: 0 };
  for await (const object of store.list('')) {
    scanned.objects++;
    scanned.bytes += object.bytes;
    const part = CHECKPOINT_PART.exec(object.key);
    if (object.key.startsWith(keys.blobs())) blobs.push(object);
    else if (part) {
      const job = { runId: part[1] as string, jobId: part[2] as string };
      const prefix = keys.job(job.runId, job.jobId).prefix;
      if (!parts.has(prefix)) parts.set(prefix, { job, objects: [] });
      parts.get(prefix)?.objects.push(object);
    } else if (object.key !== keys.condemned()) documents.push(object);
  }

  const { hashes, manifests } = await readReferences(store, documents, blobs);
  const garbage = blobs.filter(({ key }) => !hashes.has(key.slice(key.lastIndexOf('/') + 1)));
  const untouched: string[] = [];
  for (const [prefix, { job, objects }] of parts) {
    const live = await liveParts(store, job, manifests);
    if (live) garbage.push(...objects.filter(({ key }) => !live.has(key)));
    else untouched.push(prefix);
  }
  const candidates = garbage.filter(settled);

  const stored = await store.get(keys.condemned());
  const before = stored ? parseJson(condemnedSchema, new TextDecoder().decode(stored.body)).objects : {};
  const due = candidates.filter((object) => {
    const earlier = before[object.key];
    return (
      earlier !== undefined &&
      earlier.etag === object.etag &&
      earlier.modifiedAt === object.modifiedAt &&
      now - earlier.condemnedAt > graceMs
    );
  });
  const condemned = candidates.filter((object) => !due.includes(object));

  const uploads: string[] = [];
  for await (const upload of store.listUploads('')) {
    if (now - upload.startedAt <= graceMs) continue;
    uploads.push(upload.key);
    if (!dryRun) await store.abortUpload(upload);
  }
  if (!dryRun) {
    await deleteUnchanged(store, due);
    await condemn(store, condemned, now);
  }
  return {
    dryRun,
    scanned,
    deleted: summary(due),
    condemned: summary(condemned),
    uploads: { aborted: uploads.length, keys: uploads },
    untouched,
  };
};

const summary = (objects: readonly ObjectInfo[]) => ({
  objects: objects.length,
  bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  keys: objects.map(({ key }) => key),
});

/** Deletes what nobody has written again since it was listed. */
const deleteUnchanged = async (store: ObjectStore, due: readonly ObjectInfo[]): Promise<void> => {
  for (const object of due) {
    const current = await store.head(object.key);
    if (current?.modifiedAt === object.modifiedAt && current.etag === object.etag)
      await store.delete([object.key]);
  }
};

/**
 * The list of the condemned becomes exactly these, each with the time at which it was first condemned
 * unchanged.
 */
const condemn = async (store: ObjectStore, objects: readonly ObjectInfo[], now: number): Promise<void> => {
  if (objects.length === 0 && (await store.head(keys.condemned())) === undefined) return;
  await updateDocument(store, keys.condemned(), condemnedSchema, (current) => ({
    version: 1 as const,
    objects: Object.fromEntries(
      objects.map(({ key, etag, modifiedAt }) => {
        const earlier = current?.objects[key];
        const same = earlier?.etag === etag && earlier.modifiedAt === modifiedAt;
        return [key, { etag, modifiedAt, condemnedAt: same ? earlier.condemnedAt : now }];
      }),
    ),
  }));
};
