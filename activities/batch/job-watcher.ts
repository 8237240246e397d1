import { arrayIdOf } from '../../nas/job/job-array.ts';
import { hasEnded } from './batch-jobs.ts';
import type { BatchJob, BatchJobs } from './batch-jobs.ts';
import { chunksOf, IDS_PER_CALL } from './chunks.ts';

/** Waits for Batch jobs on behalf of every activity of a worker, with one poll loop and 100 jobs a call. */
export interface JobWatcher {
  /**
   * Resolves when the job has ended; to `undefined` when Batch has not known it for several polls. A child is
   * not missed while its array has not ended: Batch knows it only once the array has spawned it. Rejects with
   * the signal's reason when aborted, and never for Batch's sake: what it refuses or fails to tell says
   * nothing of the job, which goes on.
   */
  ended(id: string, signal: AbortSignal): Promise<BatchJob | undefined>;
  /** As `ended`, but resolves as soon as `holds` of the job; a job that has ended resolves in any case. */
  until(id: string, holds: (job: BatchJob) => boolean, signal: AbortSignal): Promise<BatchJob | undefined>;
  /** Since when Batch has not told what became of the jobs, and why not; `undefined` while it does. */
  trouble(): WatchTrouble | undefined;
}

interface WatchTrouble {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly error: string;
}

interface JobWatcherOptions {
  readonly describe: BatchJobs['describe'];
  /** Shortest and longest wait between polls, milliseconds. */
  readonly poll?: { readonly min: number; readonly max: number };
  readonly sleep?: (milliseconds: number) => Promise<void>;
  readonly now?: () => number;
}

/** Polls without a trace of a job before it counts as gone; a fresh job may take a moment to be listed. */
const MISSES = 5;
/** A job is polled about this many times during its life: short jobs often, long ones rarely. */
const POLLS_PER_LIFE = 30;

/** The ids, each once, as DescribeJobs takes them. */
const callsOf = (ids: Iterable<string>): string[][] => chunksOf([...new Set(ids)], IDS_PER_CALL);

interface Waiter {
  readonly id: string;
  readonly holds: (job: BatchJob) => boolean;
  readonly since: number;
  misses: number;
  readonly resolve: (job: BatchJob | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export const createJobWatcher = (options: JobWatcherOptions): JobWatcher => {
  const {
    describe,
    poll = { min: 500, max: 10_000 },
    sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    // Neither a step of the clock nor a sleep makes Batch silent.
    now = () => performance.now(),
  } = options;
  const waiters = new Set<Waiter>();
  let polling = false;
  let trouble: WatchTrouble | undefined;

  const settle = (waiter: Waiter, job: BatchJob | undefined): void => {
    waiters.delete(waiter);
    waiter.resolve(job);
  };
  const tell = (waiter: Waiter, job: BatchJob): void => {
    waiter.misses = 0;
    if (hasEnded(job) || waiter.holds(job)) settle(waiter, job);
  };

  const askOnce = async (): Promise<void> => {
    const asked = new Map<string, Waiter[]>();
    for (const waiter of waiters) asked.set(waiter.id, [...(asked.get(waiter.id) ?? []), waiter]);
    const unknown = new Set(asked.keys());
    for (const ids of callsOf(asked.keys()))
      for (const job of await describe(ids)) {
        unknown.delete(job.id);
        for (const waiter of asked.get(job.id) ?? []) tell(waiter, job);
      }
    const spawning = new Set<string>();
    for (const ids of callsOf([...unknown].flatMap((id) => arrayIdOf(id) ?? [])))
      for (const array of await describe(ids)) if (!hasEnded(array)) spawning.add(array.id);
    for (const id of unknown)
      for (const waiter of asked.get(id) ?? []) {
        waiter.misses = spawning.has(arrayIdOf(id) ?? '') ? 0 : waiter.misses + 1;
        if (waiter.misses === MISSES) settle(waiter, undefined);
      }
  };

  const pause = (): number => {
    const youngest = Math.min(...[...waiters].map((waiter) => now() - waiter.since));
    return Math.min(poll.max, Math.max(poll.min, youngest / POLLS_PER_LIFE));
  };

  const loop = async (): Promise<void> => {
    while (waiters.size > 0) {
      const asked = now();
      try {
        await askOnce();
        trouble = undefined;
      } catch (error) {
        // Refused, throttled or away: whoever mends it finds the jobs as they are.
        const text = error instanceof Error ? error.message : String(error);
        trouble = { since: trouble?.since ?? asked, error: text };
      }
      if (waiters.size > 0) await sleep(pause());
    }
    polling = false;
    trouble = undefined;
  };

  const until: JobWatcher['until'] = (id, holds, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = (): void => {
        waiters.delete(waiter);
        reject(signal.reason);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', abort);
          settle(value);
        };
      const waiter: Waiter = {
        id,
        holds,
        since: now(),
        misses: 0,
        resolve: settled(resolve),
        reject: settled(reject),
      };
      signal.addEventListener('abort', abort, { once: true });
      waiters.add(waiter);
      if (polling) return;
      polling = true;
      void loop();
    });
  return { ended: (id, signal) => until(id, () => false, signal), until, trouble: () => trouble };
};
