import { z } from 'zod';
import {
  positionOf,
  readLatest,
  readManifest,
  type HistoryEntry,
  type JobRef,
} from './checkpoint-documents.ts';
import { createDocument } from './json-documents.ts';
import { keys } from './keys.ts';
import type { Lease } from './leases.ts';
import { CorruptDocumentError } from './sealed-document.ts';
import { StorageError, type ObjectStore } from './object-store.ts';

/** That a checkpoint is kept, and who needs it. */
const pinSchema = z.strictObject({
  version: z.literal(1),
  /** Key of the checkpoint's manifest. */
  manifest: z.string(),
  reason: z.string(),
});

/**
 * Keeps a checkpoint for good, whatever retention removes around it: for a report or receipt that refers to
 * it. Pins are documents, so garbage collection honours them too. A sweep that may remove the checkpoint
 * begins after `latest.json` has dropped it, and reads the pins then: a checkpoint still listed after its pin
 * was written is safe. Pinning again does nothing.
 * @throws RangeError when the checkpoint is not among those kept now.
 */
export const pinCheckpoint = async (
  store: ObjectStore,
  job: JobRef,
  manifest: string,
  reason: string,
): Promise<void> => {
  const position = positionOf(manifest);
  const paths = keys.job(job.runId, job.jobId);
  if (position === undefined || paths.manifest(position.epoch, position.step) !== manifest) {
    throw new RangeError(`${manifest}: is not a checkpoint of run ${job.runId}, job ${job.jobId}`);
  }
  const pin = paths.pin(position.epoch, position.step);
  const { written } = await createDocument(store, pin, pinSchema, { version: 1, manifest, reason });
  if (!written) return;
  const { history } = await readLatest(store, job);
  if (history.some(({ key }) => key === manifest)) return;
  await store.delete([pin]);
  throw new RangeError(
    `${manifest}: is not kept any more. Allowed: ${history.map(({ key }) => key).join(', ') || 'none'}`,
  );
};

/**
 * Removes what no kept or pinned checkpoint refers to: manifests and chunks of this epoch and older ones.
 * Objects of newer epochs are never touched, and no newer epoch refers to chunks of an older one except
 * through checkpoints kept here. Returns why nothing was removed, if something stood in the way.
 */
export const sweepCheckpoints = async (
  store: ObjectStore,
  lease: Lease,
  step: number,
  history: readonly HistoryEntry[],
): Promise<string | undefined> => {
  const paths = keys.job(lease.runId, lease.jobId);
  try {
    const kept: { readonly key: string; readonly sha256?: string }[] = [...history];
    for await (const { key } of store.list(paths.pins)) {
      const position = positionOf(key);
      if (position) kept.push({ key: paths.manifest(position.epoch, position.step) });
    }
    const manifests = await Promise.all(kept.map((entry) => readManifest(store, entry)));
    const live = new Set([
      ...kept.map(({ key }) => key),
      ...manifests.flatMap(({ manifest }) => manifest.chunks.map(({ key }) => key)),
    ]);
    const dead: string[] = [];
    for (const prefix of [paths.manifests, paths.chunks]) {
      for await (const { key } of store.list(prefix)) {
        const position = positionOf(key);
        const older =
          position !== undefined &&
          (position.epoch < lease.epoch || (position.epoch === lease.epoch && position.step <= step));
        if (older && !live.has(key)) dead.push(key);
      }
    }
    await store.delete(dead);
    return undefined;
  } catch (error) {
    if (error instanceof CorruptDocumentError) return error.problem;
    if (error instanceof StorageError) return error.message;
    throw error;
  }
};
