import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainResult } from '../nas/protocol/job.ts';
import type { PlannedTrial } from '../nas/protocol/job-report.ts';
import { OUTCOME_RULES } from '../nas/protocol/outcome.ts';
import type { RunRecord } from '../nas/protocol/run-record.ts';
import type { TrialSpending } from '../nas/protocol/trial-log.ts';
import { CorruptDocumentError } from '../store/sealed-document.ts';
import type { LaunchHeartbeat, LaunchHost } from './await-launch.ts';
import type { LaunchResult, LaunchTally } from './contract.ts';
import type { Dependencies } from './dependencies.ts';
import { createLaunch } from './launch-job.ts';
import { readResult } from './run-documents.ts';
import type { TrialRun } from './search-by-trials.ts';
import { tellWaiting } from './tell-waiting.ts';
import { trialMeasures } from './trial-measures.ts';

const NO_LAUNCH: LaunchTally = { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 };

/**
 * Trains one network of a search, over as many launches as its outcomes allow, and says what its strategy may learn: a
 * score, or that the network cannot be trained; never that the infrastructure failed. Launches are found again by their
 * names, so that nothing needs to be remembered of them; the first one may be `submitted` already, as part of an array.
 */
export const createRunTrial = (deps: Dependencies) => {
  const launch = createLaunch(deps);

  const trained = async (run: RunRecord, jobId: string): Promise<TrainResult> => {
    const stored = await readResult(deps.store, run.runId, jobId);
    if (stored?.result.kind !== 'train')
      throw new CorruptDocumentError(`${jobId} of ${run.runId}: has no result of a training`);
    return stored.result;
  };

  return async (
    run: RunRecord,
    job: PlannedTrial,
    round: string | undefined,
    signal: AbortSignal,
    submitted?: string,
  ): Promise<TrialRun> => {
    // The search's own heartbeat speaks for all of its trials.
    const host: LaunchHost = {
      signal,
      heartbeat: () => undefined,
      waits: tellWaiting(deps, run.runId, job.jobId),
    };
    let last: LaunchResult | undefined;
    let beginning: LaunchHeartbeat | undefined =
      submitted === undefined ? undefined : { batchJobId: submitted };
    for (;;) {
      const earlier = last?.tally ?? NO_LAUNCH;
      const input = { run, job, earlier, ...(round === undefined ? {} : { round }) };
      last = await launch(run, input, host, beginning);
      beginning = undefined;
      if (last.relaunch === undefined) break;
      await sleep(last.relaunch.afterSeconds * 1000, undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
    const { outcome, error = outcome, result } = last.report;
    const { attempts, reclaims, seconds } = last.tally;
    const spent = (cost: { multiplyAdds: number; images: number }): TrialSpending => ({
      ...cost,
      attempts,
      reclaims,
      seconds,
    });
    if (result === undefined) {
      const nothing = spent({ multiplyAdds: 0, images: 0 });
      if (OUTCOME_RULES[outcome].teaches === 'infeasible')
        return { kind: 'infeasible', reason: `${outcome}: ${error}`, spent: nothing };
      if (outcome === 'user-error') return { kind: 'failed', outcome, error };
      return { kind: 'lost', reason: `${outcome}: ${error}`, spent: nothing };
    }
    const found = await trained(run, job.jobId);
    const { accuracy, cost } = found;
    // What the trial that this one goes on from has trained is paid already.
    const paid =
      job.continues === undefined ? { multiplyAdds: 0, images: 0 } : (await trained(run, job.continues)).cost;
    return {
      kind: 'score',
      value: accuracy,
      measures: await trialMeasures(deps.store, run, job.jobId, found),
      spent: spent({
        multiplyAdds: cost.multiplyAdds - paid.multiplyAdds,
        images: cost.images - paid.images,
      }),
    };
  };
};
