import { keys } from '../../store/keys.ts';
import { StorageError } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Hears reclaim notices on behalf of every launch of a worker, with one listing a run and poll. */
export interface NoticeWatcher {
  /**
   * Resolves to the lease epoch, above `after`, of an attempt of the job whose machine is about to be
   * reclaimed. Rejects with the signal's reason when aborted. Unreachable storage announces nothing.
   */
  heard(runId: string, jobId: string, after: number, signal: AbortSignal): Promise<number>;
}

interface NoticeWatcherOptions {
  readonly store: Pick<ObjectStore, 'list'>;
  readonly pollMilliseconds?: number;
}

/** A listing every two seconds costs a hundredth of a dollar an hour for each run under way. */
const POLL_MILLISECONDS = 2_000;
const EPOCH = /\/(\d+)\.json$/;

interface Waiter {
  readonly runId: string;
  readonly after: number;
  readonly resolve: (epoch: number) => void;
  readonly reject: (error: unknown) => void;
}

export const createNoticeWatcher = ({
  store,
  pollMilliseconds = POLL_MILLISECONDS,
}: NoticeWatcherOptions): NoticeWatcher => {
  const waiters = new Set<Waiter>();
  /** The same, by the folder of their job's notices. */
  const byFolder = new Map<string, Set<Waiter>>();
  let polling = false;

  const folderOf = (key: string): string => key.replace(EPOCH, '');
  const hear = (key: string): void => {
    const epoch = Number(EPOCH.exec(key)?.[1] ?? 0);
    for (const waiter of byFolder.get(folderOf(key)) ?? []) if (epoch > waiter.after) waiter.resolve(epoch);
  };

  const loop = async (): Promise<void> => {
    while (waiters.size > 0) {
      try {
        for (const runId of new Set([...waiters].map((waiter) => waiter.runId)))
          for await (const { key } of store.list(keys.notices(runId))) hear(key);
      } catch (error) {
        if (!(error instanceof StorageError)) for (const waiter of waiters) waiter.reject(error);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
    polling = false;
  };

  return {
    heard: (runId, jobId, after, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const abort = (): void => waiter.reject(signal.reason);
        const settled =
          <T>(settle: (value: T) => void) =>
          (value: T): void => {
            waiters.delete(waiter);
            ofJob.delete(waiter);
            if (ofJob.size === 0) byFolder.delete(folder);
            signal.removeEventListener('abort', abort);
            settle(value);
          };
        const waiter: Waiter = {
          runId,
          after,
          resolve: settled(resolve),
          reject: settled(reject),
        };
        const folder = folderOf(keys.notice(runId, jobId, 0));
        const ofJob = byFolder.get(folder) ?? new Set<Waiter>();
        byFolder.set(folder, ofJob.add(waiter));
        signal.addEventListener('abort', abort, { once: true });
        waiters.add(waiter);
        if (polling) return;
        polling = true;
        void loop();
      }),
  };
};
