import { CancellationScope, continueAsNew, isCancellation } from '@temporalio/workflow';
import type { Edits } from '../nas/experiment/edits.ts';
import type { PlannedJob } from '../nas/job/job-report.ts';
import type { StageInput } from './contract.ts';
import { isByTrials } from './control.ts';
import { createJobPool, tell, type JobPool } from './job-pool.ts';
import { withIntactResults } from './mending.ts';
import { judgeGate, planGate, planSearch, rehearseReclaim, settleStage } from './protocol-activities.ts';

/** Short retrainings of a sample of the ranked cells, and what they say of the ranking. */
const passGate = async (input: StageInput, pool: JobPool): Promise<void> => {
  const { run } = input;
  const cells = await withIntactResults(input, () =>
    planGate.executeWithOptions({ summary: 'rankings → a stratified sample' }, [
      { run, reports: pool.ended },
    ]),
  );
  await pool.run(cells);
  if (pool.full || cells.length === 0) return;
  const gate = await withIntactResults(input, () =>
    judgeGate.executeWithOptions({ summary: 'rank correlation of the sample' }, [
      { run, reports: pool.ended },
    ]),
  );
  await tell(run.runId, { kind: 'gated', gate });
};

/** Stage 1: one proxy search a seed, the gate, and the drill where the experiment asks for one. */
export const proxySearch = async (input: StageInput): Promise<void> => {
  const { run, stage, rehearsal } = input;
  const plan = (edits: { edits?: Edits }): Promise<PlannedJob[]> =>
    planSearch.executeWithOptions({ summary: 'seeds → jobs' }, [{ run, ...edits }]);
  const pool = createJobPool(input);
  const { edits } = input.control ?? {};
  const jobs = await plan(edits === undefined ? {} : { edits });
  // Ends with the searches at the latest: a job that is over can no longer be reclaimed.
  const drill = new CancellationScope();
  const rehearse = async (): Promise<void> => {
    const first = jobs[0];
    if (rehearsal.reclaims === 0 || first === undefined) return;
    const { reclaims, afterCheckpoints } = rehearsal;
    const { jobId } = first;
    const byTrials = isByTrials(first);
    try {
      const done = await drill.run(() =>
        rehearseReclaim.executeWithOptions({ summary: `drill: reclaim ${jobId} ${reclaims}×` }, [
          { run, jobId, byTrials, reclaims, afterCheckpoints },
        ]),
      );
      await tell(run.runId, { kind: 'rehearsed', rehearsal: done });
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  };
  const search = async (): Promise<void> => {
    await pool.runPlanned(plan, jobs);
    drill.cancel();
  };
  await Promise.all([search(), rehearse()]);
  if (input.gated === true && !pool.full) await passGate(input, pool);
  await pool.close();
  if (pool.full) await continueAsNew<typeof proxySearch>({ ...input, ...pool.carry() });
  await settleStage.executeWithOptions({ summary: 'record the searches' }, [
    { run, stage, reports: pool.ended },
  ]);
};
