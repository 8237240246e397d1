import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Edits } from '../nas/experiment/edits.ts';
import type { Experiment } from '../nas/experiment/experiment.ts';
import type { JobReport, PlannedJob } from '../nas/job/job-report.ts';
import type { StageName } from '../nas/experiment/stage-name.ts';
import type { AuditEntry, GateView, RehearsalView, RunView } from '../nas/protocol/run-view.ts';
import type { CostView, LeaderboardRow } from '../nas/protocol/run-view.ts';
import type { RunRef } from '../nas/experiment/run-record.ts';
import type { SettledExperiment } from '../nas/experiment/settled-experiment.ts';

/** Argument of the workflow `protocol`. */
export interface ProtocolInput {
  readonly run: RunRef;
  /** The resolved experiment. */
  readonly experiment: SettledExperiment;
  /** State of a run that continues as new between two stages. */
  readonly carried?: CarriedRun;
  /**
   * Events after which a workflow continues as new at its next safe point; the server's suggestion when
   * absent.
   */
  readonly historyLimit?: number;
  /** How often the run has been started: 2 after its first retry. */
  readonly round?: number;
}

/** What a protocol carries over: the display and the stages that are done. */
export interface CarriedRun {
  readonly board: Board;
  readonly stagesDone: number;
  readonly control?: Control;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  /** Milliseconds that count against `budget.hours`; absent without one. */
  readonly awakeMs?: number;
}

/** What operators have asked of a run. The protocol owns it; the stage that runs has a copy. */
export interface Control {
  /** Rises with every change; a stage answers each with `taken` or `declined`. */
  readonly version: number;
  /** No job is launched. `drain`: jobs in flight go on; `stop`: they are ended at a checkpoint and wait. */
  readonly hold?: 'drain' | 'stop';
  readonly edits: Edits;
  /** Jobs that are not to run, or to run no longer. */
  readonly cancelled: readonly string[];
  /** How often a job has been put back by hand. */
  readonly retries: Readonly<Record<string, number>>;
}

/** A change of `Control`, by whom. Argument of the update `control`. */
export interface ControlRequest {
  /** Who asks, for the audit trail: `user@host`. */
  readonly by: string;
  readonly change:
    | { readonly kind: 'pause'; readonly stop: boolean }
    | { readonly kind: 'resume' }
    | { readonly kind: 'edit'; readonly edits: Edits }
    | { readonly kind: 'cancel-job'; readonly jobId: string }
    /** `note` goes into the audit trail: how the job goes on, where that is not from its checkpoint. */
    | { readonly kind: 'retry-job'; readonly jobId: string; readonly note?: string };
}

/** Everything that the queries show, as the protocol has been told it by its stages. */
export interface Board {
  readonly status: RunView['status'];
  readonly stages: readonly BoardStage[];
  readonly rehearsal?: RehearsalView;
  readonly gate?: GateView;
  readonly audit?: readonly AuditEntry[];
  readonly conclusion?: Pick<RunView, 'winner' | 'baseline' | 'pairs' | 'verdict' | 'budget'>;
  readonly error?: string;
}

export interface BoardStage {
  readonly name: StageName;
  readonly status: 'pending' | 'running' | 'done' | 'failed';
  readonly jobs: readonly BoardJob[];
}

export interface BoardJob {
  readonly job: PlannedJob;
  readonly status: 'pending' | 'running';
  /** Present when the job has ended. */
  readonly report?: JobReport;
  /** Why Batch lets it, or one of its trials, wait: the first reason that was told, and the present one. */
  readonly waits?: { readonly first: string; readonly now?: string };
}

/** Argument of the stage workflows. */
export interface StageInput {
  readonly run: RunRef;
  readonly stage: StageName;
  readonly parallelism: number;
  /** For static summaries: `random-weight-sharing on darts-cnn, fashion-mnist-small`. */
  readonly subject: string;
  readonly rehearsal: Experiment['rehearsal'];
  /** Stage 1 has a gate; absent where it has none. */
  readonly gated?: true;
  /** Jobs that ended before the stage continued as new. */
  readonly carried?: readonly JobReport[];
  readonly historyLimit?: number;
  readonly control?: Control;
  /** How often each job was stopped by a pause, before the stage continued as new. */
  readonly stops?: Readonly<Record<string, number>>;
  readonly round?: number;
}

/** Argument of the workflow `trainJob`. */
export interface TrainJobInput {
  readonly run: RunRef;
  readonly job: PlannedJob;
  /** Tells the launches of a job that was put back by hand from its earlier ones; absent at first. */
  readonly round?: string;
}

/** What the protocol is told: by a stage what it plans, starts and ends; two signals a job. */
export type StageNews =
  | { readonly kind: 'planned'; readonly stage: StageName; readonly jobs: readonly PlannedJob[] }
  | { readonly kind: 'started'; readonly stage: StageName; readonly jobId: string }
  | { readonly kind: 'ended'; readonly stage: StageName; readonly report: JobReport }
  /** A pause ended the job at a checkpoint, or a retry put it back: it waits again. */
  | { readonly kind: 'requeued'; readonly stage: StageName; readonly jobId: string }
  /**
   * Batch says why it does not start the job, or one of its trials; without a reason: it has started it. Told
   * by the job's launch.
   */
  | { readonly kind: 'waits'; readonly jobId: string; readonly reason?: string }
  | { readonly kind: 'taken' | 'declined'; readonly version: number }
  | { readonly kind: 'rehearsed'; readonly rehearsal: RehearsalView }
  | { readonly kind: 'gated'; readonly gate: GateView };

export const stageNews = defineSignal<[StageNews]>('stageNews');

export const stageControl = defineSignal<[Control]>('stageControl');
/** Resolves when the change is in force, to the run as it then stands. */
export const controlUpdate = defineUpdate<RunView, [ControlRequest]>('control');

export const progressQuery = defineQuery<RunView>('progress');
export const leaderboardQuery = defineQuery<readonly LeaderboardRow[]>('leaderboard');
export const costQuery = defineQuery<CostView>('cost');
