import { parentPort, workerData } from 'node:worker_threads';
import { jobProgressSchema } from '../../nas/job/progress.ts';
import { reclaimNoticeSchema, type ReclaimNotice } from '../../nas/job/handover.ts';
import { saveCheckpoint } from '../../store/checkpoints.ts';
import { createDocument, replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { currentLease, StaleLeaseError } from '../../store/leases.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { pollNotices } from './metadata-service.ts';
import { persist } from './persist.ts';
import type { FromSidecar, SidecarData, ToSidecar } from './sidecar-messages.ts';

// The trainer's second thread. A TensorFlow call blocks the main thread for the length of a step, so whatever
// must not wait for it, or make it wait, happens here: writing checkpoints, hearing reclaim notices, noticing
// that a newer attempt owns the job, and publishing progress.

const port = parentPort;
if (!port) throw new Error('sidecar-thread: runs as a worker thread of the trainer only');
const { module: _entry, ...data } = workerData as SidecarData & { readonly module: string };
const { runId, jobId, lease } = data;
const job = keys.job(runId, jobId);
const store = createS3ObjectStore({ bucket: data.bucket });
const stopped = new AbortController();
const tell = (message: FromSidecar): void => port.postMessage(message);

let saves: Promise<void> = Promise.resolve();
/** A newer snapshot makes an unfinished older one worthless. */
let newestSave = 0;
let fenced = false;
let progress: Extract<ToSidecar, { kind: 'progress' }>['progress'] | undefined;

/** From here on nothing of this job may be written. */
const fence = (newerEpoch: number): void => {
  fenced = true;
  tell({ kind: 'fenced', newerEpoch });
};

const save = async ({ id, snapshot }: Extract<ToSidecar, { kind: 'save' }>): Promise<void> => {
  const started = performance.now();
  try {
    const written = await persist(
      `checkpoint of ${jobId} at step ${snapshot.step}`,
      data.retrySeconds,
      async () =>
        id < newestSave
          ? undefined
          : saveCheckpoint(store, lease, snapshot, data.identity, { keep: data.keep }),
    );
    if (!written) return tell({ kind: 'superseded', id });
    const seconds = (performance.now() - started) / 1000;
    const { bytesUploaded, bytesReused } = written;
    tell({ kind: 'saved', id, report: { step: snapshot.step, seconds, bytesUploaded, bytesReused } });
  } catch (error) {
    if (error instanceof StaleLeaseError) fence(error.newerEpoch);
    tell({ kind: 'save-failed', id, message: error instanceof Error ? error.message : String(error) });
  }
};

let publishing: Promise<void> = Promise.resolve();

/** Publishes progress when it changed, one after another. Failing is harmless: the next tick writes again. */
const publishProgress = (): Promise<void> => {
  publishing = publishing.then(async () => {
    if (!progress || fenced) return;
    const document = { ...progress, updatedAt: new Date().toISOString() };
    progress = undefined;
    await replaceDocument(store, job.progress, jobProgressSchema, document).catch(() => undefined);
  });
  return publishing;
};

const publishNow = async (published: SharedArrayBuffer): Promise<void> => {
  await publishProgress();
  const flag = new Int32Array(published);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
};

/** Looks whether a newer attempt took the lease. Unreachable storage says nothing about that. */
const checkFence = async (): Promise<void> => {
  const current = await currentLease(store, { runId, jobId }).catch(() => undefined);
  if (current && current.epoch > lease.epoch) fence(current.epoch);
};

/** Later than this after the notice a head start is worth nothing. */
const ANNOUNCE_SECONDS = 30;

/**
 * Lets the worker submit a replacement while the main thread ends its step and writes the last checkpoint.
 */
const announce = async (): Promise<void> => {
  if (data.batch.batchJobId === '') return;
  const notice: ReclaimNotice = { ...data.batch, at: new Date().toISOString() };
  const key = keys.notice(runId, jobId, lease.epoch);
  // Unannounced, the job is restarted by Batch.
  await persist(key, ANNOUNCE_SECONDS, () => createDocument(store, key, reclaimNoticeSchema, notice)).catch(
    () => undefined,
  );
};

const every = (seconds: number, work: () => Promise<void>): void => {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => (stopped.signal.aborted ? undefined : work()));
  }, seconds * 1000);
  stopped.signal.addEventListener('abort', () => clearInterval(timer));
};

port.on('message', (message: ToSidecar) => {
  switch (message.kind) {
    case 'save':
      newestSave = message.id;
      saves = saves.then(() => save(message));
      return;
    case 'progress':
      progress = message.progress;
      if (message.published !== undefined) void publishNow(message.published);
      return;
    case 'close':
      stopped.abort();
      void saves.then(publishProgress).then(() => {
        tell({ kind: 'closed' });
        port.close();
      });
  }
});
every(data.progressSeconds, publishProgress);
every(data.fenceSeconds, checkFence);
void pollNotices({
  ...data.metadata,
  onNotice: (notice) => {
    tell({ kind: 'notice', notice });
    if (notice.kind === 'reclaim') void announce();
  },
  signal: stopped.signal,
});
tell({ kind: 'ready' });
