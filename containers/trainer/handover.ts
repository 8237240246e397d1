import { setTimeout as sleep } from 'node:timers/promises';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { handoverSchema } from '../../nas/job/handover.ts';
import type { Handover } from '../../nas/job/handover.ts';
import type { JobRef } from '../../store/checkpoint-documents.ts';
import { createDocument, readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { currentLease } from '../../store/leases.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Which attempt asks, as Batch counts. */
export interface BatchAttemptRef {
  /** Empty outside Batch. */
  readonly batchJobId: string;
  /** From 1. */
  readonly batchAttempt: number;
}

/**
 * Has the attempt that is leaving under lease `epoch` been replaced already? If not, the next attempt is left
 * to Batch from now on, and no replacement will be submitted.
 */
export const leaveToBatch = async (
  store: ObjectStore,
  { runId, jobId }: JobRef,
  epoch: number,
  batchJobId: string,
): Promise<'batch' | 'replaced'> => {
  const handover: Handover = { next: 'batch', batchJobId };
  const { identical } = await createDocument(
    store,
    keys.job(runId, jobId).handover(epoch),
    handoverSchema,
    handover,
  );
  return identical ? 'batch' : 'replaced';
};

/** Has this Batch job been replaced by another one, so that nothing is left for its further attempts? */
export const wasReplaced = async (
  store: ObjectStore,
  { runId, jobId }: JobRef,
  { batchJobId, batchAttempt }: BatchAttemptRef,
): Promise<boolean> => {
  if (batchJobId === '' || batchAttempt === 1) return false;
  for await (const { key } of store.list(keys.job(runId, jobId).handovers)) {
    const handover = await readHint(store, key, handoverSchema);
    if (handover?.next === 'replacement' && handover.batchJobId === batchJobId) return true;
  }
  return false;
};

const POLL_MILLISECONDS = 500;

/**
 * Waits until the attempt that this one replaces has written its last checkpoint: taking the lease earlier
 * would shut it out and repeat its work. Waits no longer than the notice lasts; an attempt that was killed
 * says nothing any more.
 */
export const awaitPredecessor = async (
  store: ObjectStore,
  job: JobRef,
  batchJobId: string,
  options: { readonly noticeSeconds: number; readonly log: (line: string) => void },
): Promise<void> => {
  const epoch = (await currentLease(store, job))?.epoch;
  if (epoch === undefined) return;
  const key = keys.job(job.runId, job.jobId);
  const handover = await readHint(store, key.handover(epoch), handoverSchema);
  if (handover?.next !== 'replacement' || handover.batchJobId === batchJobId) return;
  const notice = options.noticeSeconds * 1000;
  // The notice was dated by another machine; what is left of it is measured by this one, whose clock may be
  // set meanwhile.
  const left = Math.min(Date.parse(handover.noticedAt), Date.now()) + notice - Date.now();
  const end = performance.now() + left;
  let waited = false;
  while (performance.now() < end) {
    if ((await readHint(store, key.attempt(epoch), attemptRecordSchema))?.outcome !== undefined) return;
    if (!waited) options.log(`${job.jobId}: attempt ${epoch} is still writing its last checkpoint`);
    waited = true;
    await sleep(POLL_MILLISECONDS);
  }
};
