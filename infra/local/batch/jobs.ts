import type { AttemptDetail } from '@aws-sdk/client-batch';
import { readiness } from './dependencies.ts';
import type { AwakeClock } from './awake-clock.ts';
import { childId, childrenOf, createdAtOf, queueOf, specOf } from './lookup.ts';
import type { Job } from './records.ts';
import { isTerminal } from './records.ts';
import type { Change, State } from './state.ts';

/** Job records with the indexes that scheduling needs; every change of a job goes through `put`. */
export interface Jobs {
  /** Arrays that have not spawned their children, in order of submission. */
  readonly unspawned: ReadonlySet<string>;
  /** Not yet runnable, in order of submission. */
  readonly waiting: ReadonlySet<string>;
  /** STARTING and RUNNING. */
  readonly running: ReadonlySet<string>;
  /** Runnable jobs by queue, queues of higher priority first, each in order of arrival. */
  runnable(): Iterable<readonly [queue: string, ids: ReadonlySet<string>]>;
  /**
   * Stores jobs, and other changes with them, all or none; finishes the parents of arrays with their last
   * child.
   */
  put(jobs: readonly Job[], ...others: readonly Change[]): void;
  /** Ends a job that is in no attempt. */
  fail(job: Job, statusReason: string, flags?: Pick<Job, 'isCancelled' | 'isTerminated'>): void;
  /** Spawns the children of arrays that were submitted `restMs` ago or earlier. */
  spawnArrays(restMs: number): void;
  /**
   * Moves waiting jobs on as their dependencies allow; true when some job failed, so that others may follow.
   */
  advanceWaiting(restMs: number): boolean;
  /** Forgets jobs that finished before this reading of the awake clock; returns their ids. */
  forget(before: number): string[];
}

/** A clock that was put back must not make a job rest for hours. */
const hasRested = (now: number, since: number, restMs: number): boolean =>
  now < since || now - since >= restMs;

export const openJobs = (state: State, clock: AwakeClock): Jobs => {
  const { tables } = state;
  const unspawned = new Set<string>();
  const waiting = new Set<string>();
  const running = new Set<string>();
  const runnable = new Map<string, Set<string>>();
  /** Children of an array that have not ended, by parent. */
  const open = new Map<string, number>();

  const index = (job: Job): void => {
    const spec = specOf(tables, job);
    waiting.delete(job.jobId);
    running.delete(job.jobId);
    if (job.status !== 'RUNNABLE') runnable.get(spec.queue)?.delete(job.jobId);
    if (spec.arraySize !== undefined && job.index === undefined) {
      if (isTerminal(job) || tables.jobs.has(childId(job.jobId, 0))) unspawned.delete(job.jobId);
      else unspawned.add(job.jobId);
      return;
    }
    if (job.status === 'SUBMITTED' || job.status === 'PENDING') waiting.add(job.jobId);
    if (job.status === 'STARTING' || job.status === 'RUNNING') running.add(job.jobId);
    if (job.status === 'RUNNABLE') {
      const ids = runnable.get(spec.queue) ?? new Set();
      runnable.set(spec.queue, ids.add(job.jobId));
    }
  };

  for (const job of tables.jobs.values()) {
    index(job);
    if (job.index !== undefined && !isTerminal(job)) open.set(job.specId, (open.get(job.specId) ?? 0) + 1);
  }

  /** The parent's record once `children` (among them its last open ones) have ended. */
  const finishedParents = (children: readonly Job[], before: readonly (Job | undefined)[]): Job[] => {
    const touched = new Set<string>();
    children.forEach((child, i) => {
      if (child.index === undefined) return;
      const opened = before[i] === undefined && !isTerminal(child) ? 1 : 0;
      const closed = before[i] !== undefined && !isTerminal(before[i]) && isTerminal(child) ? -1 : 0;
      if (opened + closed === 0) return;
      open.set(child.specId, (open.get(child.specId) ?? 0) + opened + closed);
      if (closed !== 0) touched.add(child.specId);
    });
    return [...touched].flatMap((parentId) => {
      if (open.get(parentId) !== 0) return [];
      open.delete(parentId);
      const parent = tables.jobs.get(parentId) as Job;
      const latest = new Map(children.map((child) => [child.jobId, child]));
      const all = childrenOf(tables, parent).map((child) => latest.get(child.jobId) ?? child);
      const failed = all.some((child) => child.status === 'FAILED');
      const stoppedAt = Math.max(...all.map((child) => child.stoppedAt ?? 0));
      const endedTick = clock.stamp();
      return [
        failed
          ? {
              ...parent,
              status: 'FAILED' as const,
              statusReason: parent.statusReason ?? 'Array Child Job failed',
              stoppedAt,
              endedTick,
            }
          : { ...parent, status: 'SUCCEEDED' as const, stoppedAt, endedTick },
      ];
    });
  };

  const put = (jobs: readonly Job[], ...others: readonly Change[]): void => {
    const before = jobs.map((job) => tables.jobs.get(job.jobId));
    const parents = finishedParents(jobs, before);
    state.change(...others, ...[...jobs, ...parents].map((job): Change => ['jobs', job.jobId, job]));
    for (const job of jobs) index(job);
  };

  const fail: Jobs['fail'] = (job, statusReason, flags = {}) =>
    put([
      { ...job, ...flags, status: 'FAILED', statusReason, stoppedAt: Date.now(), endedTick: clock.stamp() },
    ]);

  return {
    unspawned,
    waiting,
    running,
    runnable: () =>
      [...runnable].sort(
        ([a], [b]) => (queueOf(tables, b)?.priority ?? 0) - (queueOf(tables, a)?.priority ?? 0),
      ),
    put,
    fail,
    spawnArrays: (restMs) => {
      const spawnedAt = Date.now();
      for (const id of [...unspawned]) {
        const parent = tables.jobs.get(id) as Job;
        const { createdAt, arraySize = 0 } = specOf(tables, parent);
        if (!hasRested(spawnedAt, createdAt, restMs)) continue;
        const children = Array.from({ length: arraySize }, (_, index): Job => ({
          ...{ jobId: childId(id, index), specId: id, index, spawnedAt },
          ...{ status: 'PENDING', attempts: [] },
        }));
        put([{ ...parent, status: 'PENDING' }, ...children]);
      }
    },
    advanceWaiting: (restMs) => {
      let failed = false;
      const now = Date.now();
      for (const id of [...waiting]) {
        const job = tables.jobs.get(id) as Job;
        if (!hasRested(now, createdAtOf(tables, job), restMs)) continue;
        const ready = readiness(tables, job);
        if (ready === 'failed') {
          fail(job, 'Dependent Job failed');
          failed = true;
        } else if (ready === 'ready') put([{ ...job, status: 'RUNNABLE', runnableAt: now }]);
        else if (job.status === 'SUBMITTED') put([{ ...job, status: 'PENDING' }]);
      }
      return failed;
    },
    forget: (before) => {
      const old = [...tables.jobs.values()].filter(
        (job) => job.index === undefined && isTerminal(job) && (job.endedTick ?? 0) < before,
      );
      const all = old.flatMap((job) => [...childrenOf(tables, job), job]);
      if (all.length > 0)
        state.change(
          ...all.map((job): Change => ['jobs', job.jobId, null]),
          ...old.map((job): Change => ['specs', job.specId, null]),
        );
      return all.map((job) => job.jobId);
    },
  };
};

/** The newest attempt's container, for a job's own description. */
export const lastContainer = (job: Job): NonNullable<AttemptDetail['container']> =>
  job.attempts.at(-1)?.container ?? {};
