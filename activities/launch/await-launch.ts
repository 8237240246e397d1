import { CancelledFailure } from '@temporalio/activity';
import pRetry from 'p-retry';
import { CANCEL_REASON } from '../../nas/job/classify.ts';
import { arrayIdOf } from '../../nas/job/job-array.ts';
import { handoverSchema, reclaimNoticeSchema } from '../../nas/job/handover.ts';
import type { Handover } from '../../nas/job/handover.ts';
import { runnableReason } from '../../nas/job/platform-sentences.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { createDocument, readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { StorageError } from '../../store/object-store.ts';
import { hasEnded } from '../batch/batch-jobs.ts';
import type { BatchJob } from '../batch/batch-jobs.ts';
import type { LaunchInput } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import type { JobWatcher } from '../batch/job-watcher.ts';
import { isFinal, workerShutdown } from '../failures.ts';
import { findOrSubmit, nameOf } from './submit-launch.ts';

/** What a launch leaves with every heartbeat, so that its next attempt goes on with the same Batch jobs. */
export interface LaunchHeartbeat {
  /** The newest one. */
  readonly batchJobId: string;
  /** Attempts that Batch may make of it; absent for all that the experiment allows. */
  readonly attempts?: number;
  /** Batch jobs that it has replaced, oldest first; they may still be leaving. */
  readonly replaced?: readonly string[];
  /** Why nothing is known of the job, or why it does not start; for displays. */
  readonly waits?: LaunchWait;
}

/** What a launch waits for that a person may have to mend. */
export interface LaunchWait {
  /** ISO 8601. */
  readonly since: string;
  readonly reason: string;
}

/** On whose behalf a launch waits: an activity of its own, or one that waits for many. */
export interface LaunchHost {
  readonly signal: AbortSignal;
  heartbeat(details: LaunchHeartbeat): void;
  /** Batch says why it does not start the job; without a reason: it has started it. Told once each. */
  waits(reason: string | undefined): void;
}

/** Also how soon a cancellation is noticed: the server answers a heartbeat with it. */
const HEARTBEAT_MILLISECONDS = 2_000;

const ENDING = { retries: 5, minTimeout: 500, maxTimeout: 5_000 } as const;

/** Shorter silences are nobody's business. */
const SILENCE_MILLISECONDS = 10_000;

/** Why nothing is known of any job of this worker. */
export const troubleOf = (watcher: Pick<JobWatcher, 'trouble'>): LaunchWait | undefined => {
  const trouble = watcher.trouble();
  if (trouble === undefined || Date.now() - trouble.since < SILENCE_MILLISECONDS) return undefined;
  return {
    since: new Date(trouble.since).toISOString(),
    reason: `Batch does not tell what became of the job, which goes on: ${trouble.error}`,
  };
};

type Replacement = Extract<Handover, { next: 'replacement' }> & { readonly epoch: number };

/**
 * Waits for the Batch jobs of one launch, and submits the next one as soon as a machine announces its end.
 */
export const awaitLaunch = async (
  deps: Dependencies,
  run: RunRecord,
  input: LaunchInput,
  beginning: LaunchHeartbeat,
  host: LaunchHost,
): Promise<{
  /** Id of the newest one. */
  readonly batchJobId: string;
  /** `undefined` when Batch has forgotten it. */
  readonly newest: BatchJob | undefined;
  /** The jobs that it replaced, oldest first. */
  readonly replaced: readonly BatchJob[];
}> => {
  const { store, batch, watcher } = deps;
  const { runId } = run;
  const { jobId } = input.job;
  const key = keys.job(runId, jobId);
  const { signal } = host;
  let current = {
    id: beginning.batchJobId,
    attempts: beginning.attempts ?? run.experiment.resources.attempts,
  };
  const leaving = new Map<string, Promise<BatchJob | undefined>>();

  /** The decision that the worker replaces the present job, if it has been taken. */
  const decision = async (): Promise<Replacement | undefined> => {
    for await (const { key: path } of store.list(key.handovers)) {
      const handover = await readHint(store, path, handoverSchema);
      if (handover?.next === 'replacement' && handover.batchJobId === current.id)
        return { ...handover, epoch: Number(/(\d+)\.json$/.exec(path)?.[1]) };
    }
    return undefined;
  };

  /**
   * Resolves when the present job's machine has announced its end before the attempt had left for Batch to
   * restart.
   */
  const decided = async (until: AbortSignal): Promise<void> => {
    for (let epoch = 0; ;) {
      epoch = await deps.notices.heard(runId, jobId, epoch, until);
      try {
        const notice = await readHint(store, keys.notice(runId, jobId, epoch), reclaimNoticeSchema);
        if (notice?.batchJobId !== current.id) continue;
        const attempts = current.attempts - notice.batchAttempt;
        if (attempts < 1) continue;
        const { batchJobId, at: noticedAt } = notice;
        const handover: Handover = { next: 'replacement', batchJobId, attempts, noticedAt };
        if ((await createDocument(store, key.handover(epoch), handoverSchema, handover)).identical) return;
      } catch (error) {
        // Without a head start Batch restarts the job; whether the decision was written shows when it has
        // ended.
        if (!(error instanceof StorageError)) throw error;
      }
    }
  };

  /** Sees a replaced job off: what Batch restarts of it, because its machine went first, is ended. */
  const seeOff = async (id: string): Promise<BatchJob | undefined> => {
    const [before] = await batch.describe([id]);
    const running = before?.status === 'STARTING' || before?.status === 'RUNNING';
    const attempts = (before?.attempts.length ?? 0) + (running ? 1 : 0);
    const job = await watcher.until(id, (seen) => seen.attempts.length >= attempts, signal);
    if (job === undefined || hasEnded(job)) {
      // It finished within the notice: nothing is left for its replacement.
      if (job?.status === 'SUCCEEDED') await batch.terminate(current.id, `${CANCEL_REASON}: ${id} succeeded`);
      return job;
    }
    await batch.terminate(id, `${CANCEL_REASON}: replaced by ${current.id}`);
    return watcher.ended(id, signal);
  };

  /** Since when the present job has told why it does not start, and what it told. */
  let blocked: LaunchWait | undefined;
  let told: string | undefined;
  const look = ({ status, statusReason = '' }: BatchJob): boolean => {
    const reason = status === 'RUNNABLE' ? runnableReason(statusReason) : undefined;
    if (reason === undefined) blocked = undefined;
    else if (blocked?.reason.startsWith(statusReason) !== true)
      blocked = {
        since: new Date().toISOString(),
        reason: reason.fix === undefined ? statusReason : `${statusReason} Fix: ${reason.fix}`,
      };
    if (blocked?.reason !== told) {
      told = blocked?.reason;
      host.waits(told);
    }
    return false;
  };

  /**
   * Ends a job of a launch that is not wanted any more. A child that its array has not spawned would run all
   * the same: it is waited for. What Batch refuses for longer is left to the workflow, which ends it however
   * long that takes.
   */
  const end = async (id: string, why: string): Promise<void> => {
    if (arrayIdOf(id) !== undefined) {
      const child = await watcher.until(id, () => true, new AbortController().signal);
      if (child === undefined || hasEnded(child)) return;
    }
    await pRetry(() => batch.terminate(id, `${CANCEL_REASON}: ${why}`), ENDING).catch(() => undefined);
  };

  const letLeave = (id: string): void => {
    const gone = seeOff(id);
    // Awaited when the launch ends.
    gone.catch(() => undefined);
    leaving.set(id, gone);
  };

  const replace = async ({ epoch, attempts }: Replacement): Promise<void> => {
    const old = current;
    const id = await findOrSubmit(deps, run, input, { name: nameOf(run, input, epoch), attempts });
    current = { id, attempts };
    letLeave(old.id);
    beat();
  };

  /** Until the present job has ended or is to be replaced; the job in the former case. */
  const next = async (): Promise<{ readonly ended?: BatchJob | undefined; readonly over: boolean }> => {
    const stop = new AbortController();
    const headStart = decided(AbortSignal.any([signal, stop.signal])).then(() => ({ over: false }));
    try {
      return await Promise.race([
        watcher.until(current.id, look, signal).then((ended) => ({ ended, over: true })),
        headStart,
      ]);
    } finally {
      stop.abort();
      // A decision that is being written is waited for.
      await headStart.catch(() => undefined);
    }
  };

  function waiting(): { readonly waits?: LaunchWait } {
    const waits = troubleOf(watcher) ?? blocked;
    return waits === undefined ? {} : { waits };
  }

  function beat(): void {
    const details: LaunchHeartbeat = {
      batchJobId: current.id,
      ...(leaving.size === 0 ? {} : { attempts: current.attempts, replaced: [...leaving.keys()] }),
      ...waiting(),
    };
    host.heartbeat(details);
  }

  beat();
  const timer = setInterval(beat, HEARTBEAT_MILLISECONDS);
  try {
    for (const id of beginning.replaced ?? []) letLeave(id);
    for (;;) {
      const { ended, over } = await next();
      const replacement = ended?.status === 'SUCCEEDED' ? undefined : await decision();
      if (replacement !== undefined) await replace(replacement);
      else if (over) {
        for (const id of leaving.keys())
          await batch.terminate(id, `${CANCEL_REASON}: ${current.id} has ended`);
        // Should it be there all the same, it must not train beside its successor. AWS may refuse to end what
        // does not exist.
        if (ended === undefined)
          await batch.terminate(current.id, `${CANCEL_REASON}: taken for lost`).catch(() => undefined);
        const replaced = await Promise.all(leaving.values());
        return {
          batchJobId: current.id,
          newest: ended,
          replaced: replaced.filter((job) => job !== undefined),
        };
      }
    }
  } catch (error) {
    const jobs = [...leaving.keys(), current.id];
    // A wish to cancel ends the jobs, and so does a fault that nobody will try again; a worker that goes
    // away, lost contact or will be followed by another leaves them to its successor.
    const cancelled = error instanceof CancelledFailure && error.message === 'CANCELLED';
    if (cancelled || isFinal(error))
      for (const id of jobs) await end(id, cancelled ? 'its run was cancelled' : 'its launch was given up');
    if (error instanceof CancelledFailure && error.message === 'WORKER_SHUTDOWN') throw workerShutdown();
    throw error;
  } finally {
    clearInterval(timer);
  }
};
