import { Worker } from 'node:worker_threads';
import type { JobProgress } from '../../nas/job/progress.ts';
import type { Snapshot } from '../../nas/training/program.ts';
import { StaleLeaseError } from '../../store/leases.ts';
import type { Notice } from './metadata-service.ts';
import { StorageLostError } from './persist.ts';
import type { FromSidecar, SaveReport, SidecarData, ToSidecar } from './sidecar-messages.ts';

/** The main thread's view of what runs beside training. */
export interface Sidecar {
  /**
   * Writes a checkpoint while training goes on. The snapshot's memory moves to the writer: it must not be
   * used afterwards. Undefined when a newer snapshot overtook it. Rejects with `StaleLeaseError` or
   * `StorageLostError`.
   */
  save(snapshot: Snapshot): Promise<SaveReport | undefined>;
  progress(progress: Omit<JobProgress, 'updatedAt'>): void;
  /** As `progress`, but holds this thread until it is published, `milliseconds` at most; whether it was. */
  progressNow(progress: Omit<JobProgress, 'updatedAt'>, milliseconds: number): boolean;
  /** Finishes writes under way and ends. */
  close(): Promise<void>;
}

interface PendingSave {
  resolve(report: SaveReport | undefined): void;
  reject(error: Error): void;
}

interface SidecarEvents {
  onNotice(notice: Notice): void;
  /** A newer attempt owns the job. */
  onFenced(error: StaleLeaseError): void;
}

/** Starts the sidecar thread; resolves when it listens. */
export const startSidecar = async (data: SidecarData, events: SidecarEvents): Promise<Sidecar> => {
  const worker = new Worker(new URL('./typescript-thread.mjs', import.meta.url), {
    workerData: { ...data, module: new URL('./sidecar-thread.ts', import.meta.url).href },
  });
  const pending = new Map<number, PendingSave>();
  let lastId = 0;
  let broken: Error | undefined;
  let stale: StaleLeaseError | undefined;

  const settle = (id: number, use: (save: PendingSave) => void): void => {
    const save = pending.get(id);
    pending.delete(id);
    if (save) use(save);
  };
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('error', (cause) => {
      broken = new Error(`sidecar thread failed: ${String(cause)}`, { cause });
      for (const id of [...pending.keys()]) settle(id, (save) => save.reject(broken as Error));
      reject(broken);
    });
    worker.on('exit', () => resolve());
  });
  ended.catch(() => undefined);

  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromSidecar) => {
      switch (message.kind) {
        case 'ready':
          return resolve();
        case 'saved':
          return settle(message.id, (save) => save.resolve(message.report));
        case 'superseded':
          return settle(message.id, (save) => save.resolve(undefined));
        case 'save-failed':
          return settle(message.id, (save) => save.reject(stale ?? new StorageLostError(message.message)));
        case 'notice':
          return events.onNotice(message.notice);
        case 'fenced':
          stale = new StaleLeaseError(data.lease, message.newerEpoch, 'to go on');
          return events.onFenced(stale);
        case 'closed':
          return;
      }
    });
    ended.catch(reject);
  });
  await ready;

  const post = (message: ToSidecar, transfer: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(message, transfer);

  return {
    save: (snapshot) =>
      new Promise<SaveReport | undefined>((resolve, reject) => {
        if (broken) return reject(broken);
        const id = ++lastId;
        pending.set(id, { resolve, reject });
        post({ kind: 'save', id, snapshot }, buffersOf(snapshot));
      }),
    progress: (progress) => post({ kind: 'progress', progress }),
    progressNow: (progress, milliseconds) => {
      const published = new SharedArrayBuffer(4);
      post({ kind: 'progress', progress, published });
      return Atomics.wait(new Int32Array(published), 0, 0, milliseconds) !== 'timed-out';
    },
    close: async () => {
      post({ kind: 'close' });
      await ended;
    },
  };
};

/**
 * The memory of a snapshot's tensors, to be moved rather than copied. Shared or pooled memory is copied
 * instead.
 */
const buffersOf = (snapshot: Snapshot): ArrayBuffer[] => {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(snapshot.tensors))
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength)
      buffers.add(data.buffer);
  return [...buffers];
};
