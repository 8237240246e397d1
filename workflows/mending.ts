import { ApplicationFailure, executeChild, ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import { ChildWorkflowCancellationType, TemporalFailure } from '@temporalio/workflow';
import { DAMAGED_RESULT, DAMAGED_STAGE } from '../nas/job/damaged.ts';
import type { JobReport, PlannedJob } from '../nas/job/job-report.ts';
import type { StageName } from '../nas/experiment/stage-name.ts';
import type { Board, StageInput } from './contract.ts';
import { isByTrials } from './control.ts';
import { tell } from './job-pool.ts';
import { settleStage } from './protocol-activities.ts';
import { stageKey } from './search-attributes.ts';
import { searchTrials } from './search-trials.ts';
import { trainJob } from './train-job.ts';

/** Storage that damages the same document again and again is not to be trusted with another one. */
const TRIES = 3;

/** What a failure, or the failure that it was caused by, says is damaged. */
const damagedBy = <T>(error: unknown, type: string): T | undefined => {
  for (let at = error; at instanceof TemporalFailure; at = at.cause)
    if (at instanceof ApplicationFailure && at.type === type) return at.details?.[0] as T | undefined;
  return undefined;
};

/**
 * Does what needs results of earlier jobs. A job whose result turns out to be damaged runs again: from its
 * last checkpoint, or from the log of its search, it writes the same one.
 */
export const withIntactResults = async <T>(input: StageInput, work: () => Promise<T>): Promise<T> => {
  const { run } = input;
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      const job = n > TRIES ? undefined : damagedBy<PlannedJob>(error, DAMAGED_RESULT);
      if (job === undefined) throw error;
      const report = await executeChild(isByTrials(job) ? searchTrials : trainJob, {
        workflowId: `${run.runId}/${job.jobId}`,
        args: [{ run, job, round: `m${input.round ?? 1}-${n}` }],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        typedSearchAttributes: workflowInfo().typedSearchAttributes.updateCopy([
          { key: stageKey, value: input.stage },
        ]),
        staticSummary: `${job.jobId}: its result was damaged — ${input.subject}`,
      });
      // Its spending is part of the run's.
      if (report.outcome === 'succeeded')
        await tell(run.runId, { kind: 'ended', stage: 'proxy-search', report });
    }
  }
};

const reportsOf = (board: Board, stage: StageName): JobReport[] =>
  board.stages.flatMap(({ name, jobs }) =>
    name === stage ? jobs.flatMap(({ report }) => report ?? []) : [],
  );

/**
 * Does what needs the records of earlier stages. One that turns out to be damaged is written anew from the
 * run's own display.
 */
export const withIntactStages = async <T>(
  run: StageInput['run'],
  board: () => Board,
  work: () => Promise<T>,
): Promise<T> => {
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      const stage = n > TRIES ? undefined : damagedBy<StageName>(error, DAMAGED_STAGE);
      if (stage === undefined) throw error;
      await settleStage.executeWithOptions({ summary: `${stage}: write its damaged record anew` }, [
        { run, stage, reports: reportsOf(board(), stage) },
      ]);
    }
  }
};
