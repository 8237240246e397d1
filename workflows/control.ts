import type { Experiment } from '../nas/experiment/experiment.ts';
import { describeEdits } from '../nas/experiment/edits.ts';
import type { PlannedJob } from '../nas/job/job-report.ts';
import { searchOfTrial } from '../nas/job/trial-job-id.ts';
import type { AuditEntry } from '../nas/protocol/run-view.ts';
import { retryRefusal } from '../nas/protocol/retry-refusal.ts';
import type { Board, BoardJob, Control, ControlRequest } from './contract.ts';

export const NO_CONTROL: Control = { version: 0, edits: {}, cancelled: [], retries: {} };

const findJob = (board: Board, jobId: string): BoardJob | undefined =>
  board.stages.flatMap((stage) => stage.jobs).find((entry) => entry.job.jobId === jobId);

/** Whether each of the job's networks is a job of its own; these are not on the board, but below its id. */
export const isByTrials = (job: PlannedJob): boolean => job.kind === 'search' && job.by === 'trials';

/** The search that the trial of this job id belongs to. */
const findSearch = (board: Board, jobId: string): BoardJob | undefined => {
  const search = findJob(board, searchOfTrial(jobId) ?? '');
  return search !== undefined && isByTrials(search.job) ? search : undefined;
};

const lacks = (now: readonly number[], planned: readonly number[]): number[] =>
  planned.filter((seed) => !now.includes(seed));

/** Why new seeds of a stage are refused. */
const seedsRefusal = (
  board: Board,
  stage: 'proxy-search' | 'evaluate',
  seeds: readonly number[] | undefined,
): string | undefined => {
  const found = board.stages.find(({ name }) => name === stage);
  if (seeds === undefined || found === undefined || found.status === 'pending') return undefined;
  if (found.status !== 'running')
    return `stage ${stage} is ${found.status}; its seeds can no longer change. Fix: nas fork starts a run from an earlier stage`;
  const planned = found.jobs.flatMap(({ job }) =>
    job.kind === 'search' || job.kind === 'evaluate' ? [job.seed] : [],
  );
  const lost = lacks(seeds, [...new Set(planned)]);
  return lost.length === 0
    ? undefined
    : `stage ${stage} has begun with seed ${lost.join(', ')}, whose work would be discarded. Fix: keep these seeds and add others`;
};

const topKRefusal = (board: Board, topK: number | undefined): string | undefined => {
  const stage = board.stages.find(({ name }) => name === 'retrain-top');
  if (topK === undefined || stage === undefined || stage.status === 'pending') return undefined;
  if (stage.status !== 'running')
    return `stage retrain-top is ${stage.status}; topK can no longer change. Fix: nas fork --from-stage 2 retrains more cells`;
  return topK >= stage.jobs.length
    ? undefined
    : `stage retrain-top has begun with ${stage.jobs.length} cells; topK = ${topK} would discard work. Fix: a topK from ${stage.jobs.length}`;
};

/**
 * The update's validator: why a request is refused, or `undefined`. A refused request leaves no trace in
 * history.
 */
export const refusal = (board: Board, control: Control, { change }: ControlRequest): string | undefined => {
  if (board.status !== 'running' && board.status !== 'paused')
    return `the run is ${board.status}. Fix: nas retry goes on with a run that failed or was cancelled`;
  switch (change.kind) {
    case 'pause': {
      const same = control.hold === 'stop' || (control.hold === 'drain' && !change.stop);
      return same ? 'the run is paused already. Fix: nas resume lets it go on' : undefined;
    }
    case 'resume':
      return control.hold === undefined ? 'the run is not paused. Fix: nas pause holds it' : undefined;
    case 'edit':
      return (
        seedsRefusal(board, 'proxy-search', change.edits.searchSeeds) ??
        seedsRefusal(board, 'evaluate', change.edits.evaluateSeeds) ??
        topKRefusal(board, change.edits.topK)
      );
    case 'cancel-job':
    case 'retry-job': {
      if (change.kind === 'cancel-job' && findSearch(board, change.jobId)?.status === 'running')
        return undefined;
      const entry = findJob(board, change.jobId);
      const known = board.stages.flatMap((stage) => stage.jobs.map(({ job }) => job.jobId));
      if (entry === undefined)
        return `job ${change.jobId} is not planned. Allowed: ${known.join(', ') || 'none yet'}`;
      if (change.kind === 'cancel-job')
        return entry.report === undefined
          ? undefined
          : `job ${change.jobId} has ended (${entry.report.outcome}); finished work is not discarded`;
      const stage = board.stages.find((one) => one.jobs.includes(entry));
      const { job, report } = entry;
      return (
        stage &&
        retryRefusal({ jobId: job.jobId, kind: job.kind, ...(report && { outcome: report.outcome }) }, stage)
      );
    }
  }
};

const describe = (change: ControlRequest['change']): string => {
  switch (change.kind) {
    case 'pause':
      return change.stop
        ? 'jobs in flight are ended at a checkpoint; no job is launched'
        : 'jobs in flight go on; no job is launched';
    case 'resume':
      return 'jobs are launched again';
    case 'edit':
      return describeEdits(change.edits);
    case 'cancel-job':
      return change.jobId;
    case 'retry-job':
      return change.note === undefined ? change.jobId : `${change.jobId} ${change.note}`;
  }
};

export const auditEntry = ({ by, change }: ControlRequest, at: Date): AuditEntry => ({
  at: at.toISOString(),
  by,
  action: change.kind,
  text: describe(change),
  ...(change.kind === 'edit' ? { edits: change.edits } : {}),
});

/** The control after a request that was not refused. */
export const changed = (control: Control, { change }: ControlRequest): Control => {
  const version = control.version + 1;
  switch (change.kind) {
    case 'pause':
      return { ...control, version, hold: change.stop ? 'stop' : 'drain' };
    case 'resume': {
      const { hold: _, ...rest } = control;
      return { ...rest, version };
    }
    case 'edit':
      return { ...control, version, edits: { ...control.edits, ...change.edits } };
    case 'cancel-job':
      return { ...control, version, cancelled: [...control.cancelled, change.jobId] };
    case 'retry-job': {
      const { jobId } = change;
      return {
        ...control,
        version,
        cancelled: control.cancelled.filter((id) => id !== jobId),
        retries: { ...control.retries, [jobId]: (control.retries[jobId] ?? 0) + 1 },
      };
    }
  }
};

/** Does a change ask something of the stage that runs, and of no later one? */
export const concernsStage = (board: Board, { change }: ControlRequest): boolean => {
  const runs = (name: string): boolean =>
    board.stages.some((stage) => stage.name === name && stage.status === 'running');
  switch (change.kind) {
    case 'pause':
    case 'resume':
      return false;
    case 'cancel-job':
    case 'retry-job':
      return true;
    case 'edit':
      return (
        (change.edits.searchSeeds !== undefined && runs('proxy-search')) ||
        (change.edits.topK !== undefined && runs('retrain-top')) ||
        (change.edits.evaluateSeeds !== undefined && runs('evaluate'))
      );
  }
};

/** Why the budget holds a run, or `undefined`. Jobs in flight are never ended for it. */
export const budgetHold = (
  budget: Experiment['budget'],
  spent: { readonly dollars: number; readonly hours: number },
): string | undefined => {
  if (budget.dollars !== undefined && spent.dollars >= budget.dollars)
    return `$${spent.dollars.toFixed(2)} of budget.dollars = ${budget.dollars} are spent; no job is launched until it is raised and the run resumed`;
  if (budget.hours !== undefined && spent.hours >= budget.hours)
    return `budget.hours = ${budget.hours} are over; no job is launched until it is raised and the run resumed`;
  return undefined;
};
