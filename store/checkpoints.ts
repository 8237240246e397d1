import pLimit from 'p-limit';
import { z } from 'zod';
import { sha256 } from '../nas/core/hash.ts';
import { jsonOf } from '../nas/core/json.ts';
import { keys } from './keys.ts';
import { holdsSnapshot, storeChunks } from './checkpoint-chunks.ts';
import {
  encodeManifest,
  readLatest,
  readManifest,
  swapLatest,
  type CheckpointIdentity,
  type HistoryEntry,
  type JobRef,
  type Latest,
  type Manifest,
} from './checkpoint-documents.ts';
import { sweepCheckpoints } from './checkpoint-retention.ts';
import { createDocument } from './json-documents.ts';
import { StaleLeaseError, type Lease } from './leases.ts';
import { decodeSafetensors, SafetensorsError, type StoredTensor } from './safetensors.ts';
import { CorruptDocumentError } from './sealed-document.ts';
import { StorageError, type ObjectStore } from './object-store.ts';
import type { Snapshot } from '../nas/training/program.ts';

/** Rounds of compare-and-swap before giving up. */
const ROUNDS = 100;

/** An intact checkpoint of this job that would not continue bit for bit; names every field that differs. */
export class CheckpointMismatchError extends Error {
  override readonly name = 'CheckpointMismatchError';
  readonly differences: readonly IdentityDifference[];

  constructor(key: string, differences: readonly IdentityDifference[], job?: JobRef) {
    const list = differences.map(
      ({ field, stored, current }) => `${field} is ${current} where the checkpoint has ${stored}`,
    );
    const what = `${key}: the checkpoint is of another ${differences.map(({ field }) => LABELS[field]).join(' and ')}: ${list.join('; ')}`;
    super(
      job === undefined
        ? what
        : `job ${job.jobId} of run ${job.runId} cannot go on from its checkpoint. ${what}`,
    );
    this.differences = differences;
  }
}

const LABELS = {
  experimentHash: 'experiment',
  codeVersion: 'code version',
  threads: 'thread count',
} as const satisfies Record<keyof CheckpointIdentity, string>;

interface IdentityDifference {
  readonly field: keyof CheckpointIdentity;
  readonly stored: string | number;
  readonly current: string | number;
}

const differencesOf = (stored: CheckpointIdentity, current: CheckpointIdentity): IdentityDifference[] =>
  (Object.keys(LABELS) as (keyof CheckpointIdentity)[])
    .filter((field) => stored[field] !== current[field])
    .map((field) => ({ field, stored: stored[field], current: current[field] }));

interface SavedCheckpoint {
  /** Key of the manifest. */
  readonly manifest: string;
  readonly bytesUploaded: number;
  /**
   * Bytes of tensors and state that did not change since the previous checkpoint and were not uploaded again.
   */
  readonly bytesReused: number;
  /** Why old checkpoints could not be removed; the next save and garbage collection try again. */
  readonly retentionProblem?: string;
}

/** A checkpoint that was refused because its writer's lease was over. */
const refusalSchema = z.strictObject({
  version: z.literal(1),
  epoch: z.number().int(),
  newerEpoch: z.number().int(),
  holder: z.string(),
  step: z.number().int(),
});

/** Leaves a record of a refused write, then gives the error to throw. */
const refuse = async (store: ObjectStore, lease: Lease, newerEpoch: number, step: number) => {
  const what = `the checkpoint at step ${step}`;
  try {
    await createDocument(
      store,
      keys.job(lease.runId, lease.jobId).refusal(lease.epoch, step),
      refusalSchema,
      {
        version: 1,
        epoch: lease.epoch,
        newerEpoch,
        holder: lease.holder,
        step,
      },
    );
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    return new StaleLeaseError(lease, newerEpoch, `${what} (unrecorded: ${cause.message})`, { cause });
  }
  return new StaleLeaseError(lease, newerEpoch, what);
};

/**
 * Writes a checkpoint: tensors and state by content, then the manifest, then `latest.json` by
 * compare-and-swap. When it returns, the checkpoint is the one that a restore finds first; when it throws,
 * the previous one still is, or this one if only the last answer was lost. Saving the newest checkpoint again
 * changes nothing. The saves of one lease must not overlap.
 *
 * @param options.keep newest checkpoints that stay restorable.
 * @throws StaleLeaseError when a newer epoch holds the job; the refusal is recorded under `refusals/`.
 * @throws StorageError when storage fails; the save may be repeated.
 */
export const saveCheckpoint = async (
  store: ObjectStore,
  lease: Lease,
  snapshot: Snapshot,
  identity: CheckpointIdentity,
  options: { readonly keep?: number } = {},
): Promise<SavedCheckpoint> => {
  const { runId, jobId, epoch, holder } = lease;
  const { step } = snapshot;
  const keep = options.keep ?? 3;
  if (!Number.isInteger(keep) || keep < 1)
    throw new RangeError(`keep: ${keep} is not allowed. Allowed: integers ≥ 1`);
  const paths = keys.job(runId, jobId);

  let latest = await readLatest(store, lease);
  if (latest.epoch > epoch) throw await refuse(store, lease, latest.epoch, step);
  refuseOlderStep(latest, lease, step);
  const newest = latest.history[0];
  const base = newest?.epoch === epoch ? await baseManifest(store, newest) : undefined;
  if (newest && base?.step === step) {
    if (!holdsSnapshot(base, snapshot)) {
      throw new RangeError(`${newest.key}: holds another state of step ${step}; a step determines its state`);
    }
    return { manifest: newest.key, bytesUploaded: 0, bytesReused: bytesOf(base) };
  }
  const stored = await storeChunks(store, snapshot, base, (hash) => paths.chunk(epoch, step, hash));
  const { tensors, chunks, state, bytesUploaded, bytesReused } = stored;
  const body = encodeManifest({
    version: 1,
    runId,
    jobId,
    epoch,
    holder,
    step,
    identity,
    tensors,
    state,
    chunks,
  });
  const entry: HistoryEntry = { key: paths.manifest(epoch, step), sha256: sha256(body), epoch, step };
  const saved = { manifest: entry.key, bytesUploaded, bytesReused };
  const acknowledged = (seen: Latest): boolean =>
    seen.problem === undefined &&
    seen.history.some(({ key, sha256: hash }) => key === entry.key && hash === entry.sha256);

  await writeManifest(store, entry, body);
  for (let round = 0; round < ROUNDS; round++) {
    const done = acknowledged(latest);
    if (latest.epoch > epoch) {
      throw done
        ? new StaleLeaseError(lease, latest.epoch, `work after the checkpoint at step ${step}`)
        : await refuse(store, lease, latest.epoch, step);
    }
    const history = done
      ? latest.history
      : [entry, ...latest.history.filter(({ key }) => key !== entry.key)].slice(0, keep);
    if (done || (await swapLatest(store, lease, latest, { epoch, history }))) {
      const retentionProblem = await sweepCheckpoints(store, lease, step, history);
      return retentionProblem === undefined ? saved : { ...saved, retentionProblem };
    }
    latest = await readLatest(store, lease);
    refuseOlderStep(latest, lease, step);
  }
  throw new Error(`${store.uri(paths.latest)}: lost ${ROUNDS} rounds of compare-and-swap to other writers`);
};

const bytesOf = (manifest: Manifest): number => manifest.chunks.reduce((sum, { bytes }) => sum + bytes, 0);

/** One lease saves one checkpoint after the other: time does not run backwards within an epoch. */
const refuseOlderStep = (latest: Latest, lease: Lease, step: number): void => {
  const newest = latest.history[0];
  if (newest && newest.epoch === lease.epoch && newest.step > step) {
    throw new RangeError(
      `${newest.key}: step ${step} is not allowed after it. Allowed: steps ≥ ${newest.step}`,
    );
  }
};

/** The previous checkpoint of this epoch, whose chunks may be shared; an unreadable one is not built upon. */
const baseManifest = async (store: ObjectStore, entry: HistoryEntry): Promise<Manifest | undefined> => {
  try {
    return (await readManifest(store, entry)).manifest;
  } catch (error) {
    if (error instanceof CorruptDocumentError) return undefined;
    throw error;
  }
};

const writeManifest = async (store: ObjectStore, entry: HistoryEntry, body: Uint8Array): Promise<void> => {
  const outcome = await store.putIfAbsent(entry.key, body);
  if (outcome.kind === 'written') return;
  const present = await store.get(entry.key).catch((error: unknown) => {
    if (!(error instanceof CorruptDocumentError)) throw error;
    return undefined;
  });
  if (present && sha256(present.body) === entry.sha256) return;
  // Left by an earlier try of this lease that was never acknowledged (or damaged since): nobody refers to it.
  await store.put(entry.key, body);
};

export interface RestoredCheckpoint {
  /** `undefined` when the job has no usable checkpoint and starts from its beginning. */
  readonly snapshot: Snapshot | undefined;
  /** Key of the manifest restored from. */
  readonly manifest: string | undefined;
  /** Newer checkpoints that were refused, newest first, each with the reason. */
  readonly walkedBack: readonly string[];
}

/**
 * Restores the newest checkpoint that verifies: every byte is checked against the manifest, and the manifest
 * against `latest.json`. Corrupt, truncated, missing and foreign ones are refused, with the reason in
 * `walkedBack`. Given a lease, it also strikes the refused ones off `latest.json`, so that they do not count
 * among the checkpoints kept.
 *
 * @throws CheckpointMismatchError when the newest intact checkpoint is of another experiment, code version or
 * thread count.
 * @throws StaleLeaseError when the lease given is over.
 */
export const restoreCheckpoint = async (
  store: ObjectStore,
  job: JobRef | Lease,
  identity: CheckpointIdentity,
): Promise<RestoredCheckpoint> => {
  const latest = await readLatest(store, job);
  if ('epoch' in job && latest.epoch > job.epoch) throw new StaleLeaseError(job, latest.epoch, 'the restore');
  const walkedBack: string[] = [...('epoch' in job ? job.damage : [])];
  if (latest.problem !== undefined) walkedBack.push(latest.problem);

  for (const [index, entry] of latest.history.entries()) {
    let manifest: Manifest;
    let snapshot: Snapshot;
    try {
      ({ manifest } = await readManifest(store, entry));
      if (manifest.runId !== job.runId || manifest.jobId !== job.jobId) {
        throw new CorruptDocumentError(
          `${entry.key}: foreign, belongs to run ${manifest.runId}, job ${manifest.jobId}`,
        );
      }
      const differences = differencesOf(manifest.identity, identity);
      if (differences.length > 0) throw new CheckpointMismatchError(entry.key, differences, job);
      snapshot = await readSnapshot(store, manifest);
    } catch (error) {
      if (!(error instanceof CorruptDocumentError)) throw error;
      walkedBack.push(error.problem);
      continue;
    }
    if (walkedBack.length > 0 && 'epoch' in job)
      await strike(store, job, latest, latest.history.slice(index));
    return { snapshot, manifest: entry.key, walkedBack };
  }
  if (latest.history.length > 0 && 'epoch' in job) await strike(store, job, latest, []);
  return { snapshot: undefined, manifest: undefined, walkedBack };
};

/**
 * Drops refused checkpoints from `latest.json`; a lost round means that somebody newer is at work, which the
 * next save finds.
 */
const strike = async (store: ObjectStore, lease: Lease, latest: Latest, history: readonly HistoryEntry[]) => {
  await swapLatest(store, lease, latest, { epoch: lease.epoch, history });
};

/**
 * Reads and verifies a manifest's chunks. Throws `CorruptDocumentError` naming the first that is not what was
 * written.
 */
const readSnapshot = async (store: ObjectStore, manifest: Manifest): Promise<Snapshot> => {
  const limit = pLimit(4);
  const bodies = await Promise.all(
    manifest.chunks.map((chunk) =>
      limit(async () => {
        const stored = await store.get(chunk.key);
        if (stored === undefined) throw new CorruptDocumentError(`${chunk.key}: missing`);
        if (stored.body.byteLength !== chunk.bytes) {
          throw new CorruptDocumentError(
            `${chunk.key}: has ${stored.body.byteLength} bytes where ${chunk.bytes} were written`,
          );
        }
        const found = sha256(stored.body);
        if (found !== chunk.sha256) {
          throw new CorruptDocumentError(`${chunk.key}: its SHA-256 is ${found}, not ${chunk.sha256}`);
        }
        return stored.body;
      }),
    ),
  );
  const files = new Map<number, Readonly<Record<string, StoredTensor>>>();
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, entry] of Object.entries(manifest.tensors)) {
    const body = bodies[entry.chunk];
    if (body === undefined)
      throw new CorruptDocumentError(`tensor "${name}": chunk ${entry.chunk} does not exist`);
    if (!files.has(entry.chunk))
      files.set(entry.chunk, decodeChunk(manifest.chunks[entry.chunk]?.key ?? '', body));
    const tensor = files.get(entry.chunk)?.[name];
    if (tensor?.dtype !== entry.dtype || tensor.shape.join() !== entry.shape.join()) {
      throw new CorruptDocumentError(
        `tensor "${name}": is not in its chunk with the type and shape recorded`,
      );
    }
    tensors[name] = tensor;
  }
  const state = bodies[manifest.state];
  if (state === undefined) throw new CorruptDocumentError(`state: chunk ${manifest.state} does not exist`);
  return { step: manifest.step, tensors, state: jsonOf(new TextDecoder().decode(state)) };
};

const decodeChunk = (key: string, body: Uint8Array): Readonly<Record<string, StoredTensor>> => {
  try {
    return decodeSafetensors(body).tensors;
  } catch (cause) {
    if (cause instanceof SafetensorsError)
      throw new CorruptDocumentError(`${key}: ${cause.message}`, { cause });
    throw cause;
  }
};
