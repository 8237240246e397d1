import type { BlobRef } from '../nas/core/blob.ts';
import type { Edits } from '../nas/experiment/edits.ts';
import type { JobReport, PlannedJob } from '../nas/job/job-report.ts';
import type { Outcome } from '../nas/job/outcome.ts';
import type { RunRef } from '../nas/experiment/run-record.ts';
import type { StageName } from '../nas/experiment/stage-name.ts';
import type { Steering } from '../nas/search/steering.ts';
import type { GateView, RehearsalView, RunView } from '../nas/protocol/run-view.ts';

/** The activities that workflows call. Every value is small; large ones are in the store. */
export interface ProtocolActivities {
  /** Stage 1: one search a seed. */
  planSearch(input: PlanInput): Promise<PlannedJob[]>;
  /** Stage 1's gate: short retrainings of a stratified sample of the cells that the searches ranked. */
  planGate(input: { run: RunRef; reports: readonly JobReport[] }): Promise<PlannedJob[]>;
  /** What they say of the ranking. */
  judgeGate(input: { run: RunRef; reports: readonly JobReport[] }): Promise<GateView>;
  /** Stage 2: the best cells of stage 1, retrained from scratch. */
  planRetraining(input: PlanInput): Promise<PlannedJob[]>;
  /**
   * Stage 3: further random cells for the baseline, or for that of every search, given how the earlier ones
   * ended; empty when they have spent what stages 1 and 2 cost.
   */
  planBaseline(input: { run: RunRef; ended: readonly JobReport[] }): Promise<PlannedJob[]>;
  /** Stage 3: the stage-2 cell with the best validation score, or that of every search, once a seed. */
  planWinner(input: PlanInput): Promise<PlannedJob[]>;
  /** Stage 3: the same of the baseline's cells. */
  planBaselineEvaluation(input: PlanInput & { ended: readonly JobReport[] }): Promise<PlannedJob[]>;
  /**
   * Records how a stage ended, for later stages, forks and the report. Throws `NothingLeft` (not retryable)
   * when no job of the stage succeeded.
   */
  settleStage(input: { run: RunRef; stage: StageName; reports: readonly JobReport[] }): Promise<BlobRef>;
  /** Statistics of stage 3: both sides, the verdict, and what the sides were given. */
  concludeRun(input: { run: RunRef }): Promise<Conclusion>;
  /** Launches a job and waits until Batch has ended it. */
  launchJob(input: LaunchInput): Promise<LaunchResult>;
  /**
   * Ends what launches of the job, or of the trials below it, have left in Batch; how many jobs. For whoever
   * gives a launch up that may not have ended its job itself, because its worker was gone.
   */
  endLaunches(input: EndLaunchesInput): Promise<number>;
  /** Carries out a search by trials, each of which is a job, from its log on, to its end. */
  searchByTrials(input: SearchByTrialsInput): Promise<JobReport>;
  /** Hands what operators ask to a search by trials that is under way. */
  steerSearch(input: SteerInput): Promise<void>;
  /**
   * Reclaims the machine of the job, or of one of its trials, on purpose, after it has written checkpoints;
   * skipped outside the embedded stack.
   */
  rehearseReclaim(input: RehearsalInput): Promise<RehearsalView>;
  /** Writes the report of a run that ended. */
  collectReport(input: { run: RunRef; view: RunView }): Promise<BlobRef>;
}

export interface PlanInput {
  readonly run: RunRef;
  /** What operators changed since the run started. */
  readonly edits?: Edits;
}

export type Conclusion = Pick<RunView, 'winner' | 'baseline' | 'pairs' | 'verdict' | 'budget'>;

export interface LaunchInput {
  readonly run: RunRef;
  readonly job: PlannedJob;
  /** The launches before this one. */
  readonly earlier: LaunchTally;
  /** See `TrainJobInput.round`: launches of different rounds have different names. */
  readonly round?: string;
}

export interface EndLaunchesInput {
  readonly run: RunRef;
  readonly jobId: string;
}

export interface SearchByTrialsInput {
  readonly run: RunRef;
  /** The search. */
  readonly job: PlannedJob;
  /** See `TrainJobInput.round`: of the launches of its trials. */
  readonly round?: string;
}

export interface SteerInput {
  readonly run: RunRef;
  /** The search. */
  readonly jobId: string;
  readonly steering: Steering;
}

/** What earlier launches of a job add up to. */
export interface LaunchTally {
  readonly outcomes: readonly Outcome[];
  readonly attempts: number;
  readonly reclaims: number;
  readonly seconds: number;
  /** Where each launch that crashed did so, oldest first; absent while none has. */
  readonly crashes?: readonly string[];
}

export interface LaunchResult {
  /** The job so far, this launch included. */
  readonly report: JobReport;
  readonly tally: LaunchTally;
  /** Present when the job deserves another launch. */
  readonly relaunch?: { readonly afterSeconds: number };
}

export interface RehearsalInput {
  readonly run: RunRef;
  readonly jobId: string;
  /** The job is a search by trials, each of which is a job. */
  readonly byTrials?: boolean;
  readonly reclaims: number;
  readonly afterCheckpoints: number;
}

/** Activities of the workflow `reconcileRuns`. */
export interface ReconcileActivities {
  /** Counts what was ended; see `reconcile`. */
  reconcileRuns(): Promise<{ jobs: number; leases: number; uploads: number }>;
}
