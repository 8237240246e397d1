import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainResult } from '../../nas/job/program-result.ts';
import type { PlannedTrial } from '../../nas/job/job-report.ts';
import { OUTCOME_RULES } from '../../nas/job/outcome.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { TrialSpending } from '../../nas/search/trial-log.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import { searchOfTrial, trialJobId } from '../../nas/job/trial-job-id.ts';
import { readTrialLog } from '../../store/trial-log.ts';
import type { LaunchHeartbeat, LaunchHost } from '../launch/await-launch.ts';
import type { LaunchResult, LaunchTally } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { createLaunch } from '../launch/launch-job.ts';
import { lookUpFinished, lookUpResult } from '../documents/run-documents.ts';
import type { RunTrial } from './trial-run.ts';
import { tellWaiting } from '../launch/tell-waiting.ts';
import { trialMeasures } from './trial-measures.ts';

const NO_LAUNCH: LaunchTally = { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 };

/** Of a job whose result is damaged again and again. */
const LAUNCHES = 10;

/**
 * Trains one network of a search, over as many launches as its outcomes allow, and says what its strategy may
 * learn: a score, or that the network cannot be trained; never that the infrastructure failed. Launches are
 * found again by their names, so that nothing needs to be remembered of them; the first one may be
 * `submitted` already, as part of an array.
 */
export const createRunTrial = (deps: Dependencies): RunTrial => {
  const launch = createLaunch(deps);

  /** `undefined` where there is none, or a damaged one. */
  const trained = async (run: RunRecord, job: PlannedTrial): Promise<TrainResult | undefined> => {
    const found = await lookUpFinished(deps.store, run, job);
    return found.kind === 'intact' && found.stored.result.kind === 'train' ? found.stored.result : undefined;
  };

  /**
   * What the training has cost that a trial goes on from: by its result, or, where that is damaged, by the
   * search's log.
   */
  const paidFor = async (
    run: RunRecord,
    { jobId, continues }: PlannedTrial,
  ): Promise<Pick<TrialSpending, 'multiplyAdds' | 'images'>> => {
    const nothing = { multiplyAdds: 0, images: 0 };
    if (continues === undefined) return nothing;
    const found = await lookUpResult(deps.store, run.runId, continues);
    if (found.kind === 'intact') return found.stored.result.cost;
    const search = searchOfTrial(jobId) ?? '';
    const trials = trialsOf(await readTrialLog(deps.store, run.runId, search));
    const last = trials.find(({ id }) => trialJobId(search, id) === continues);
    // Each rung's trial was charged what it added.
    return trials
      .filter(({ hash, fidelity }) => hash === last?.hash && fidelity <= last.fidelity)
      .reduce(
        (sum, { end }) => ({
          multiplyAdds: sum.multiplyAdds + (end?.spent?.multiplyAdds ?? 0),
          images: sum.images + (end?.spent?.images ?? 0),
        }),
        nothing,
      );
  };

  return async (run, job, round, signal, submitted) => {
    // The search's own heartbeat speaks for all of its trials.
    const host: LaunchHost = {
      signal,
      heartbeat: () => undefined,
      waits: tellWaiting(deps, run.runId, job.jobId),
    };
    let last: LaunchResult | undefined;
    let found: TrainResult | undefined;
    let beginning: LaunchHeartbeat | undefined =
      submitted === undefined ? undefined : { batchJobId: submitted };
    for (;;) {
      const earlier = last?.tally ?? NO_LAUNCH;
      const input = { run, job, earlier, ...(round === undefined ? {} : { round }) };
      last = await launch(run, input, host, beginning);
      beginning = undefined;
      if (last.relaunch === undefined) {
        if (last.report.result === undefined) break;
        found = await trained(run, job);
        // Damaged since the launch has seen it: the job runs again.
        if (found !== undefined || last.tally.outcomes.length > LAUNCHES) break;
        continue;
      }
      await sleep(last.relaunch.afterSeconds * 1000, undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
    const { outcome, error = outcome } = last.report;
    const { attempts, reclaims, seconds } = last.tally;
    const spent = (cost: { multiplyAdds: number; images: number }): TrialSpending => ({
      ...cost,
      attempts,
      reclaims,
      seconds,
    });
    if (found === undefined) {
      const nothing = spent({ multiplyAdds: 0, images: 0 });
      if (OUTCOME_RULES[outcome].teaches === 'infeasible')
        return { kind: 'infeasible', reason: `${outcome}: ${error}`, spent: nothing };
      if (outcome === 'user-error' || outcome === 'image-error') return { kind: 'failed', outcome, error };
      return { kind: 'lost', outcome, reason: `${outcome}: ${error}`, spent: nothing };
    }
    const { accuracy, cost } = found;
    // What the trial that this one goes on from has trained is paid already.
    const paid = await paidFor(run, job);
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
