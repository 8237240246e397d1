import { readManifest } from './checkpoint-documents.ts';
import { keys } from './keys.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

/** What deleting a run frees, and what stays because something else names it. */
export interface RunDeletion {
  readonly objects: readonly ObjectInfo[];
  /** Kept objects, each with a document outside of the run that names it. */
  readonly kept: readonly { readonly key: string; readonly by: string }[];
}

/** Manifests and chunks are the bulk of a store, and name only their own job's objects. */
const CHECKPOINT_PART = /^runs\/[^/]+\/jobs\/.+\/(?:checkpoints|chunks)\/[^/]+$/;

/** Keys of the run that documents outside of it name, with one that does. */
const namedElsewhere = async (store: ObjectStore, prefix: string): Promise<ReadonlyMap<string, string>> => {
  const named = new Map<string, string>();
  const pattern = new RegExp(`(?<![A-Za-z0-9_-])${prefix}[^\\s"'<>\\\\?#)]+`, 'g');
  for await (const { key } of store.list('')) {
    if (key.startsWith(prefix) || key.startsWith(keys.blobs()) || key.startsWith(keys.deletions())) continue;
    if (CHECKPOINT_PART.test(key)) continue;
    const body = (await store.get(key))?.body;
    if (body === undefined) continue;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
    for (const [found] of text.matchAll(pattern)) if (!named.has(found)) named.set(found, key);
  }
  return named;
};

/**
 * Everything below the run's own prefix, but what a document outside of it names: a fork keeps the results
 * that it took over. Blobs are shared by content and belong to data sets, never to a run. Where anything is
 * kept, so is the run's name, or another run of that name would take it for its own. Throws
 * `CorruptDocumentError` where a kept checkpoint cannot be read.
 */
export const planRunDeletion = async (store: ObjectStore, runId: string): Promise<RunDeletion> => {
  const prefix = keys.run(runId);
  const named = await namedElsewhere(store, prefix);
  const own: ObjectInfo[] = [];
  for await (const object of store.list(prefix)) own.push(object);
  const kept = new Map<string, string>();
  for (const { key } of own) {
    const by = named.get(key);
    if (by === undefined) continue;
    kept.set(key, by);
    if (!/\/checkpoints\/[^/]+$/.test(key)) continue;
    const { manifest } = await readManifest(store, { key });
    for (const chunk of manifest.chunks) kept.set(chunk.key, by);
  }
  const [first] = kept.values();
  if (first !== undefined) kept.set(keys.experiment(runId), first);
  return {
    objects: own.filter(({ key }) => !kept.has(key)),
    kept: [...kept].map(([key, by]) => ({ key, by })),
  };
};

/** Deletes what was planned; the run's name goes last, so that what is cut short can be repeated. */
export const deleteRunObjects = async (
  store: ObjectStore,
  runId: string,
  { objects }: RunDeletion,
): Promise<void> => {
  const name = keys.experiment(runId);
  const [last, others] = [
    objects.filter(({ key }) => key === name),
    objects.filter(({ key }) => key !== name),
  ];
  for (const part of [others, last]) await store.delete(part.map(({ key }) => key));
};
