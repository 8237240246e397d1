import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Edits } from '../nas/experiment/edits.ts';
import type { JobReport, PlannedJob } from '../nas/job/job-report.ts';
import { stageControl, stageNews } from './contract.ts';
import type { StageInput, StageNews } from './contract.ts';
import { NO_CONTROL, isByTrials } from './control.ts';
import { failureText } from './failure-text.ts';
import { steerSearch } from './protocol-activities.ts';
import { stageKey } from './search-attributes.ts';
import { searchTrials } from './search-trials.ts';
import { trainJob } from './train-job.ts';

/**
 * Runs a stage's jobs as children, at most `parallelism` at a time, in the order in which they were asked
 * for, and does what operators ask in between.
 */
export interface JobPool {
  /** Resolves when all of these jobs have ended, to their reports in the same order; fewer when `full`. */
  run(jobs: readonly PlannedJob[]): Promise<JobReport[]>;
  /**
   * Runs what `plan` says, and plans again whenever an operator has changed something: jobs in flight go on.
   */
  runPlanned(
    plan: (edits: { edits?: Edits }) => Promise<readonly PlannedJob[]>,
    first?: readonly PlannedJob[],
  ): Promise<JobReport[]>;
  /** Nothing is taken in any more; resolves when all that was asked before has been answered. */
  close(): Promise<void>;
  /** For the next execution of a stage that continues as new. */
  carry(): Pick<StageInput, 'carried' | 'control' | 'stops'>;
  /**
   * The history is long: no further job is started, and the stage continues as new when those in flight
   * ended.
   */
  readonly full: boolean;
  /** Reports of all jobs that ended, those carried over included. */
  readonly ended: readonly JobReport[];
}

/** Tells the protocol; every stage is a child of it. */
export const tell = (runId: string, news: StageNews): Promise<void> =>
  getExternalWorkflowHandle(runId).signal(stageNews, news);

/** A job without a launch to report: its child failed, or it was cancelled by hand. */
const unlaunched = (job: PlannedJob, outcome: 'lost' | 'cancelled', error: string): JobReport => ({
  job,
  outcome,
  error,
  attempts: 0,
  reclaims: 0,
  seconds: 0,
  dollars: 0,
});

const describe = (job: PlannedJob): string => {
  switch (job.kind) {
    case 'search':
      return `search, seed ${job.seed}`;
    case 'trial':
      return `trial of a search, seed ${job.seed}`;
    case 'gate':
      return `train a sampled cell shortly, seed ${job.seed}`;
    case 'retrain':
      return `retrain a found cell, seed ${job.seed}`;
    case 'baseline':
      return `retrain a random cell, seed ${job.seed}`;
    case 'evaluate':
      return `evaluate on test, seed ${job.seed}`;
  }
};

/** What the pool knows of a job that has not ended. */
interface Entry {
  readonly job: PlannedJob;
  readonly report: Promise<JobReport | undefined>;
  readonly done: (report: JobReport | undefined) => void;
  readonly failed: (error: unknown) => void;
  /** Present while its child runs. */
  scope?: CancellationScope;
  /** Why its child is being cancelled. */
  ending?: 'cancel' | 'stop';
}

const entryFor = (job: PlannedJob): Entry => {
  let done!: Entry['done'];
  let failed!: Entry['failed'];
  const report = new Promise<JobReport | undefined>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  return { job, report, done, failed };
};

export const createJobPool = (input: StageInput): JobPool => {
  const { run, stage } = input;
  const root = CancellationScope.current();
  const ended: JobReport[] = [...(input.carried ?? [])];
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  const stops = new Map(Object.entries(input.stops ?? {}));
  let control = input.control ?? NO_CONTROL;
  let closed = false;
  let running = 0;
  /** Jobs that this execution has started. */
  let started = 0;
  let full = false;

  const isFull = (): boolean => {
    const info = workflowInfo();
    return input.historyLimit === undefined
      ? info.continueAsNewSuggested
      : info.historyLength > input.historyLimit;
  };

  /** Absent for a job's first round, so that its launches have the names they always had. */
  const roundOf = (jobId: string): { round?: string } => {
    const again = (stops.get(jobId) ?? 0) + (control.retries[jobId] ?? 0);
    const restarts = (input.round ?? 1) - 1;
    return again + restarts === 0 ? {} : { round: `r${restarts}-${again}` };
  };

  /**
   * Hands a search by trials what it must know of the control; of one that never changed there is nothing to
   * know.
   */
  const steer = async ({ job }: Entry): Promise<void> => {
    if (control.version === 0) return;
    const { version, hold, edits, cancelled } = control;
    const { parallelism } = edits;
    await steerSearch.executeWithOptions({ summary: `steer ${job.jobId}` }, [
      {
        run,
        jobId: job.jobId,
        steering: {
          version,
          held: hold !== undefined,
          cancelled,
          ...(parallelism === undefined ? {} : { parallelism }),
        },
      },
    ]);
  };

  const runChild = ({ job }: Entry): Promise<JobReport> =>
    executeChild(isByTrials(job) ? searchTrials : trainJob, {
      workflowId: `${run.runId}/${job.jobId}`,
      args: [{ run, job, ...roundOf(job.jobId) }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      typedSearchAttributes: workflowInfo().typedSearchAttributes.updateCopy([
        { key: stageKey, value: stage },
      ]),
      staticSummary: `${describe(job)} — ${input.subject}`,
      ...(job.kind === 'search' ? {} : { staticDetails: job.genotype }),
    });

  const runSearch = async (entry: Entry): Promise<JobReport> => {
    await steer(entry);
    return runChild(entry);
  };

  /** The job's report, or `undefined` when a pause has ended it: it waits again. */
  const runOne = async (entry: Entry): Promise<JobReport | undefined> => {
    const { job } = entry;
    await tell(run.runId, { kind: 'started', stage, jobId: job.jobId });
    let report: JobReport;
    const scope = new CancellationScope({ parent: root, cancellable: true });
    entry.scope = scope;
    try {
      report = await scope.run(() => (isByTrials(job) ? runSearch(entry) : runChild(entry)));
    } catch (error) {
      const { ending } = entry;
      if (isCancellation(error) && (ending === undefined || root.consideredCancelled)) throw error;
      if (isCancellation(error) && ending === 'stop') return undefined;
      if (!isCancellation(error) && !(error instanceof ChildWorkflowFailure)) throw error;
      report = isCancellation(error)
        ? unlaunched(job, 'cancelled', 'cancelled by hand')
        : unlaunched(job, 'lost', failureText(error));
    } finally {
      delete entry.scope;
    }
    ended.push(report);
    await tell(run.runId, { kind: 'ended', stage, report });
    return report;
  };

  const requeue = async (entry: Entry): Promise<void> => {
    const { jobId } = entry.job;
    delete entry.ending;
    stops.set(jobId, (stops.get(jobId) ?? 0) + 1);
    waiting.unshift(entry);
    await tell(run.runId, { kind: 'requeued', stage, jobId });
  };

  const start = async (entry: Entry): Promise<void> => {
    running++;
    try {
      const report = await runOne(entry);
      if (report === undefined) await requeue(entry);
      else entry.done(report);
    } catch (error) {
      entry.failed(error);
    } finally {
      running--;
      pump();
    }
  };

  const pump = (): void => {
    const parallelism = control.edits.parallelism ?? input.parallelism;
    // At least one job an execution, or a stage whose plan alone is long would never get on.
    full ||= started > 0 && waiting.length > 0 && isFull();
    if (full) for (const entry of waiting.splice(0)) entry.done(undefined);
    while (control.hold === undefined && running < parallelism) {
      // A search by trials fills all slots alone.
      if (running > 0 && waiting[0] !== undefined && isByTrials(waiting[0].job)) return;
      const entry = waiting.shift();
      if (entry === undefined) return;
      started++;
      // Settles the entry's own promise whatever happens.
      void start(entry);
    }
  };

  /** A job that waits ends at once; one that runs when its child has been cancelled. */
  const cancelJob = async (jobId: string): Promise<void> => {
    const entry = entries.get(jobId);
    if (entry === undefined) return;
    if (entry.scope !== undefined) {
      entry.ending = 'cancel';
      entry.scope.cancel();
      return;
    }
    const place = waiting.indexOf(entry);
    if (place < 0) return;
    waiting.splice(place, 1);
    const report = unlaunched(entry.job, 'cancelled', 'cancelled by hand');
    ended.push(report);
    await tell(run.runId, { kind: 'ended', stage, report });
    entry.done(report);
  };

  /** Forgets how a job ended; the next plan runs it again. */
  const putBack = async (jobId: string): Promise<void> => {
    const place = ended.findIndex((report) => report.job.jobId === jobId);
    if (place < 0) return;
    ended.splice(place, 1);
    entries.delete(jobId);
    await tell(run.runId, { kind: 'requeued', stage, jobId });
  };

  setHandler(stageControl, async (next) => {
    if (closed) return tell(run.runId, { kind: 'declined', version: next.version });
    const before = control;
    control = next;
    const added = (now: readonly string[], then: readonly string[]) => now.filter((id) => !then.includes(id));
    for (const jobId of added(next.cancelled, before.cancelled)) await cancelJob(jobId);
    for (const jobId of Object.keys(next.retries))
      if ((next.retries[jobId] ?? 0) > (before.retries[jobId] ?? 0)) await putBack(jobId);
    if (next.hold === 'stop')
      for (const entry of entries.values()) {
        if (entry.scope === undefined) continue;
        entry.ending ??= 'stop';
        entry.scope.cancel();
      }
    else
      for (const entry of entries.values())
        if (isByTrials(entry.job) && entry.scope !== undefined) await steer(entry);
    pump();
    return tell(run.runId, { kind: 'taken', version: next.version });
  });

  // While a run is held nothing runs whose end could tell the waiting jobs that the run was cancelled.
  root.cancelRequested.catch((error: unknown) => {
    if (running === 0) for (const entry of waiting.splice(0)) entry.failed(error);
  });

  const runJobs = async (jobs: readonly PlannedJob[]): Promise<JobReport[]> => {
    await tell(run.runId, { kind: 'planned', stage, jobs });
    const reports = jobs.map((job) => {
      const before = ended.find((report) => report.job.jobId === job.jobId);
      if (before !== undefined) return before;
      const known = entries.get(job.jobId);
      if (known !== undefined) return known.report;
      const entry = entryFor(job);
      entries.set(job.jobId, entry);
      waiting.push(entry);
      return entry.report;
    });
    for (const jobId of control.cancelled) await cancelJob(jobId);
    pump();
    return (await Promise.all(reports)).filter((report) => report !== undefined);
  };

  /**
   * A stage ends after its jobs: who reads that a run was cancelled may rely on nothing of it running any
   * more.
   */
  const orEndAll = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      for (const entry of waiting.splice(0)) entry.failed(error);
      for (const entry of entries.values()) entry.scope?.cancel();
      await CancellationScope.nonCancellable(() => condition(() => running === 0));
      throw error;
    }
  };

  return {
    run: (jobs) => orEndAll(() => runJobs(jobs)),
    runPlanned: (plan, first) =>
      orEndAll(async () => {
        for (let jobs = first; ; jobs = undefined) {
          const { edits } = control;
          // Jobs that were planned already were planned with what the stage began with.
          const version = jobs === undefined ? control.version : (input.control?.version ?? 0);
          jobs ??= await plan(Object.keys(edits).length === 0 ? {} : { edits });
          const reports = await Promise.race([
            runJobs(jobs),
            condition(() => control.version !== version).then(() => undefined),
          ]);
          if (reports !== undefined && (full || control.version === version)) return reports;
        }
      }),
    async close() {
      closed = true;
      await condition(allHandlersFinished);
    },
    carry: () => ({ carried: ended, control, stops: Object.fromEntries(stops) }),
    get full() {
      return full;
    },
    ended,
  };
};
