import { CancelledFailure, Context } from '@temporalio/activity';
import { z } from 'zod';
import type { RehearsalView } from '../../nas/protocol/run-view.ts';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { jobProgressSchema } from '../../nas/job/progress.ts';
import { trialJobId } from '../../nas/job/trial-job-id.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import { readHint, replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { readTrialLog } from '../../store/trial-log.ts';
import type { RehearsalInput } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { workerShutdown } from '../failures.ts';

/** What the drill has done so far; survives the worker. */
const drillSchema = z.strictObject({
  /** The attempts that were reclaimed, by job and lease epoch. */
  reclaimed: z.array(z.strictObject({ jobId: z.string(), epoch: z.number().int().min(1) })),
});

const POLL_MILLISECONDS = 250;

const attempts = (n: number): string => (n === 1 ? '1 checkpoint' : `${n} checkpoints`);

/**
 * `rehearseReclaim` of `ProtocolActivities`: waits until a running attempt has `afterCheckpoints`
 * checkpoints, takes its machine away, and waits for the next attempt, `reclaims` times. Of a search by
 * trials any trial will do, so that one which ends before it can be reclaimed, or by itself within the
 * notice, leaves the drill to those after it. Ends early, and says so, when the search ends first. Every
 * attempt is reclaimed at most once, also when the worker dies half-way.
 */
export const createRehearseReclaim =
  ({ store, capacity }: Dependencies) =>
  async ({ run, jobId, byTrials, reclaims, afterCheckpoints }: RehearsalInput): Promise<RehearsalView> => {
    if (capacity === undefined)
      return {
        jobId,
        reclaims: 0,
        text: 'The rehearsed reclaim was skipped: capacity can be taken away on demand only on the embedded stack.',
      };
    const context = Context.current();
    const drill = keys.job(run.runId, jobId).rehearsal;
    let reclaimed = (await readHint(store, drill, drillSchema))?.reclaimed ?? [];

    const running = async (): Promise<readonly string[]> =>
      byTrials !== true
        ? [jobId]
        : trialsOf(await readTrialLog(store, run.runId, jobId))
            .filter(({ end }) => end === undefined)
            .map(({ id }) => trialJobId(jobId, id));

    const reclaim = async (target: string): Promise<boolean> => {
      const progress = await readHint(store, keys.job(run.runId, target).progress, jobProgressSchema);
      if (progress === undefined || progress.checkpoints < afterCheckpoints) return false;
      const { epoch, batchJobId } = progress;
      if (reclaimed.some((attempt) => attempt.jobId === target && attempt.epoch === epoch)) return false;
      const before = reclaimed;
      reclaimed = [...reclaimed, { jobId: target, epoch }];
      // Recorded first: a worker that dies in between loses a drill rather than doubling it.
      await replaceDocument(store, drill, drillSchema, { reclaimed });
      try {
        await capacity.reclaim(batchJobId);
      } catch (error) {
        reclaimed = before;
        await replaceDocument(store, drill, drillSchema, { reclaimed });
        throw error;
      }
      return true;
    };

    type Attempt = (typeof reclaimed)[number];
    const endOf = async ({ jobId: target, epoch }: Attempt): Promise<string | undefined> =>
      (await readHint(store, keys.job(run.runId, target).attempt(epoch), attemptRecordSchema))?.outcome;
    /**
     * The attempts that lost their machine, or are about to: those that were done before it was gone are left
     * out.
     */
    const lost = async (): Promise<{ readonly attempts: readonly Attempt[]; readonly settled: boolean }> => {
      const ends = await Promise.all(reclaimed.map(endOf));
      return {
        attempts: reclaimed.filter((_, i) => ends[i] !== 'succeeded'),
        settled: !ends.includes(undefined),
      };
    };

    try {
      for (;;) {
        const { attempts: soFar, settled } = await lost();
        if (soFar.length >= reclaims && settled) break;
        if (soFar.length < reclaims) for (const target of await running()) if (await reclaim(target)) break;
        context.heartbeat();
        await context.sleep(POLL_MILLISECONDS);
      }
    } catch (error) {
      if (!(error instanceof CancelledFailure)) throw error;
      if (error.message === 'WORKER_SHUTDOWN') throw workerShutdown();
      if (error.message !== 'CANCELLED') throw error;
    }
    const { attempts: taken } = await lost();
    const jobs = new Set(taken.map((attempt) => attempt.jobId));
    const machines = jobs.size === 0 ? jobId : [...jobs].join(' and of ');
    const done = `Rehearsed reclaim: the machine of ${machines} was taken away ${taken.length} of ${reclaims} times`;
    return {
      jobId,
      reclaims: taken.length,
      text:
        taken.length === reclaims
          ? `${done}, each time after ${attempts(afterCheckpoints)} of its attempt.`
          : `${done}; the ${byTrials === true ? 'search' : 'job'} ended before it could be done again.`,
    };
  };
