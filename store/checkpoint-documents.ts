import { z } from 'zod';
import { sha256 } from '../nas/core/hash.ts';
import { keys } from './keys.ts';
import { CorruptDocumentError, seal, unseal } from './sealed-document.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);

/** The job whose checkpoints are meant. */
export interface JobRef {
  readonly runId: string;
  readonly jobId: string;
}

const identitySchema = z.strictObject({
  /** Hash of the resolved experiment. */
  experimentHash: z.string(),
  /** Version of the training code. */
  codeVersion: z.string(),
  /** TensorFlow threads: results are bit-reproducible for one count, not between counts. */
  threads: count,
});
/** What must be equal for a checkpoint to continue bit for bit. */
export type CheckpointIdentity = z.infer<typeof identitySchema>;

/** Who may write: the lease with the highest epoch. */
const leaseSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  jobId: z.string(),
  epoch: count,
  holder: z.string(),
  /** Unique per acquisition, so that a holder recognises its own write. */
  token: z.string(),
});

const entrySchema = z.strictObject({
  key: z.string(),
  /** Of the manifest's stored bytes. */
  sha256: hash,
  epoch: count,
  step: count,
});
export type HistoryEntry = z.infer<typeof entrySchema>;

const latestSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  jobId: z.string(),
  /** The fence: writers of an older epoch are refused. */
  epoch: count,
  /** Acknowledged checkpoints that are kept, newest first. */
  history: z.array(entrySchema),
});

const tensorSchema = z.strictObject({
  dtype: z.enum(['float32', 'int32']),
  shape: z.array(count),
  /** Of the tensor's type, shape and data. */
  sha256: hash,
  /** Index into `chunks`. */
  chunk: count,
});

const chunkSchema = z.strictObject({ key: z.string(), sha256: hash, bytes: count });

const manifestSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  jobId: z.string(),
  epoch: count,
  holder: z.string(),
  step: count,
  identity: identitySchema,
  tensors: z.record(z.string(), tensorSchema),
  /** Index into `chunks` of the canonical JSON of the program's state. */
  state: count,
  chunks: z.array(chunkSchema),
});
/** A checkpoint: what it holds, where, and the SHA-256 of every byte of it. */
export type Manifest = z.infer<typeof manifestSchema>;

export const encodeManifest = (manifest: Manifest): Uint8Array => seal(manifest);

/** Reads a manifest and verifies its bytes. Throws `CorruptDocumentError` saying what is wrong with it. */
export const readManifest = async (
  store: ObjectStore,
  entry: Pick<HistoryEntry, 'key'> & Partial<Pick<HistoryEntry, 'sha256'>>,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> => {
  const stored = await store.get(entry.key);
  if (stored === undefined) throw new CorruptDocumentError(`${entry.key}: missing`);
  const found = sha256(stored.body);
  if (entry.sha256 !== undefined && found !== entry.sha256) {
    throw new CorruptDocumentError(`${entry.key}: its SHA-256 is ${found}, not ${entry.sha256}`);
  }
  return { manifest: unseal(manifestSchema, entry.key, stored), sha256: found };
};

/** State of `latest.json`; `etag` is absent when the object is. */
export interface Latest {
  readonly epoch: number;
  readonly history: readonly HistoryEntry[];
  readonly etag?: string;
  /** Why the document could not be used and was rebuilt from the manifests present. */
  readonly problem?: string;
}

/** Epoch and step that a key of `checkpoints/` or `chunks/` carries in its name. */
export const positionOf = (key: string): { readonly epoch: number; readonly step: number } | undefined => {
  const match = /\/(\d{6,})-(\d{12,})(?:\.json|-[0-9a-f]{64})$/.exec(key);
  return match ? { epoch: Number(match[1]), step: Number(match[2]) } : undefined;
};

/** An object that verifies itself, or why the storage service gives its bytes no more. */
type Fetched = { readonly etag: string } & ({ readonly stored: StoredObject } | { readonly problem: string });

const fetchSealed = async (store: ObjectStore, key: string): Promise<Fetched | undefined> => {
  try {
    const stored = await store.get(key);
    return stored && { etag: stored.etag, stored };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError) || error.etag === undefined) throw error;
    return { etag: error.etag, problem: error.problem };
  }
};

/**
 * The lease document, `undefined` when absent; `lease` is absent, and `problem` says why, when it is damaged.
 */
export const readLease = async (
  store: ObjectStore,
  job: JobRef,
): Promise<
  | { readonly etag: string; readonly lease?: z.infer<typeof leaseSchema>; readonly problem?: string }
  | undefined
> => {
  const key = keys.job(job.runId, job.jobId).lease;
  const fetched = await fetchSealed(store, key);
  if (fetched === undefined || 'problem' in fetched) return fetched;
  const { etag, stored } = fetched;
  try {
    return { etag, lease: unseal(leaseSchema, key, stored) };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError)) throw error;
    return { etag, problem: error.problem };
  }
};

/**
 * What can be known without `latest.json`: every manifest that verifies, newest first, and the highest epoch
 * seen in the lease or in a manifest's name. Such a manifest may never have been acknowledged, but it was
 * written whole by a holder.
 */
const rebuild = async (store: ObjectStore, job: JobRef): Promise<Latest> => {
  const entries: HistoryEntry[] = [];
  let epoch = (await readLease(store, job))?.lease?.epoch ?? 0;
  for await (const { key } of store.list(keys.job(job.runId, job.jobId).manifests)) {
    const position = positionOf(key);
    if (position === undefined) continue;
    epoch = Math.max(epoch, position.epoch);
    try {
      const { manifest, sha256: found } = await readManifest(store, { key });
      entries.push({ key, sha256: found, epoch: manifest.epoch, step: manifest.step });
    } catch (error) {
      if (!(error instanceof CorruptDocumentError)) throw error;
    }
  }
  return { epoch, history: entries.sort((a, b) => b.epoch - a.epoch || b.step - a.step) };
};

/**
 * Reads `latest.json`; when it is missing or damaged, rebuilds its content from the manifests that are there.
 */
export const readLatest = async (store: ObjectStore, job: JobRef): Promise<Latest> => {
  const key = keys.job(job.runId, job.jobId).latest;
  const fetched = await fetchSealed(store, key);
  if (fetched === undefined) {
    const rebuilt = await rebuild(store, job);
    if (rebuilt.history.length === 0) return rebuilt;
    // Manifests without `latest.json` are no damage if the job's first lease was being taken meanwhile.
    if ((await store.head(key)) !== undefined) return readLatest(store, job);
    return { ...rebuilt, problem: `${key}: missing` };
  }
  if ('problem' in fetched) return { ...(await rebuild(store, job)), ...fetched };
  const { etag, stored } = fetched;
  try {
    const { epoch, history, runId, jobId } = unseal(latestSchema, key, stored);
    if (runId !== job.runId || jobId !== job.jobId) {
      throw new CorruptDocumentError(`${key}: foreign, belongs to run ${runId}, job ${jobId}`);
    }
    return { epoch, history, etag };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError)) throw error;
    return { ...(await rebuild(store, job)), etag, problem: error.problem };
  }
};

/** Replaces `latest.json` if it is still what `previous` was read from; says whether it was. */
export const swapLatest = async (
  store: ObjectStore,
  job: JobRef,
  previous: Latest,
  next: Pick<Latest, 'epoch' | 'history'>,
): Promise<boolean> => {
  const { runId, jobId } = job;
  const key = keys.job(runId, jobId).latest;
  const body = seal({ version: 1, runId, jobId, epoch: next.epoch, history: next.history });
  const outcome =
    previous.etag === undefined
      ? await store.putIfAbsent(key, body)
      : await store.compareAndSwap(key, body, previous.etag);
  return outcome.kind === 'written';
};
