import type { Edits } from '../experiment/edits.ts';
import type { StageName } from '../experiment/stage-name.ts';
import type { TaskKind } from '../task/terms.ts';
import type { Contender } from '../job/job-report.ts';
import type { PlannedJob } from '../job/job-report.ts';
import type { Outcome } from '../job/outcome.ts';

/**
 * What `status`, `watch`, `report` and the Temporal query `progress` show of a run. Plain JSON. Fields named
 * after accuracy hold scores of the task's metric (docs/adr/007): fractions in [0, 1] for an accuracy.
 */
export interface RunView {
  readonly runId: string;
  readonly experiment: string;
  /** Kind of the experiment's task; absent for the default one, which runs of 0.1.0 have. */
  readonly task?: TaskKind;
  readonly status: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  readonly stages: readonly StageView[];
  /** The best found cell by validation score; where searches are compared, of all their winners. */
  readonly winner?: ContenderView;
  /** The same of the random cells. */
  readonly baseline?: ContenderView;
  /** Where searches are compared one by one: those of which both sides were tested, by seed. */
  readonly pairs?: readonly PairView[];
  readonly verdict?: Verdict;
  /** What was given to the two sides; absent in runs of 0.1.0. */
  readonly budget?: BudgetView;
  /** How the drill of `experiment.rehearsal` went. */
  readonly rehearsal?: RehearsalView;
  /** Whether stage 1's scores can be trusted, of `experiment.gate`. */
  readonly gate?: GateView;
  /** What operators, or the run's own budget, did to it; oldest first. */
  readonly audit?: readonly AuditEntry[];
  /** Why a run failed. */
  readonly error?: string;
}

export interface StageView {
  readonly name: StageName;
  readonly status: 'pending' | 'running' | 'done' | 'failed';
  readonly jobs: readonly JobView[];
}

export interface JobView {
  /** Path in the run, e.g. `stage-1/seed-0`. */
  readonly jobId: string;
  readonly kind: PlannedJob['kind'];
  readonly status: 'pending' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly seed: number;
  /** Of an evaluation. */
  readonly contender?: Contender;
  /** Seed of the search that it is part of, where searches are compared one by one. */
  readonly search?: number;
  /** The cell that was found (stage 1) or trained (stages 2 and 3), printed. */
  readonly genotype?: string;
  /** Score on validation data. */
  readonly validationAccuracy?: number;
  /** Score on test data; stage 3 only. */
  readonly testAccuracy?: number;
  readonly attempts: number;
  readonly reclaims: number;
  readonly outcome?: Outcome;
  /** Why a job that ended did not succeed. */
  readonly error?: string;
  /** Why Batch does not start it, or one of its trials, now. */
  readonly waits?: string;
  /** The first reason why it, or one of its trials, had to wait. */
  readonly waited?: string;
  /** Steps done and planned, for progress bars. */
  readonly step?: number;
  readonly totalSteps?: number;
}

/** Scores of one contender over the stage-3 seeds; `sd` is the sample standard deviation. */
export interface SeedStatistics {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
  readonly best: number;
  readonly values: readonly number[];
}

export interface ContenderView {
  readonly genotype: string;
  readonly test: SeedStatistics;
  readonly validationAccuracy?: number;
}

/** The winner of one search, and that of its random search. */
export interface PairView {
  /** Seed of the search. */
  readonly search: number;
  readonly winner: ContenderView;
  readonly baseline: ContenderView;
}

/**
 * What the searches that are compared have cost, stages 1 and 2, and what the random search against them: the
 * jobs that chose, not those that were tested.
 */
export interface BudgetView {
  readonly search: Spent;
  readonly random: Spent;
}

export interface Spent {
  /** Of networks; a failed job counts with what it was to cost. */
  readonly multiplyAdds: number;
  /**
   * Machine seconds of all attempts, failed jobs included, and the time that a strategy has thought on the
   * worker; absent where a job's result was found and not made.
   */
  readonly seconds?: number;
  readonly jobs: number;
  /** Of them. */
  readonly failed: number;
}

export interface Verdict {
  readonly kind: 'better' | 'not-distinguishable' | 'worse';
  /** The sentence shown, e.g. `not distinguishable from the random cell at n = 3`. */
  readonly text: string;
  /** 95 % interval of (winner − baseline) test scores. */
  readonly interval: readonly [number, number];
  readonly meanDifference: number;
  /** What it is about: the search, over searches; where absent, two cells, over their training seeds. */
  readonly claim?: 'search';
  /** Searches, or training seeds; absent in runs of 0.1.0, where the text has it. */
  readonly n?: number;
  /** Of a claim about the search. */
  readonly spreads?: Spreads;
}

/** Standard deviations of test scores, on two levels. */
export interface Spreads {
  /** Of winners of different searches, each over all of its trainings that there could be. */
  readonly searches: number;
  /** Of trainings of one cell; absent where no cell was trained twice. */
  readonly trainings?: number;
}

/** A drill of the durability promise: a job of stage 1 is reclaimed on purpose. */
export interface RehearsalView {
  readonly jobId: string;
  /** Reclaims that were made. */
  readonly reclaims: number;
  /** One sentence: what was done, or why it was skipped. */
  readonly text: string;
}

/** One trained cell, best validation score first. */
export interface LeaderboardRow {
  readonly jobId: string;
  readonly genotype: string;
  readonly validationAccuracy: number;
}

/** What a run has cost so far, by stage. */
export interface CostView {
  readonly stages: readonly StageCost[];
}

interface StageCost {
  readonly name: StageName;
  /** Jobs that ended. */
  readonly jobs: number;
  /** Training cost of the jobs that succeeded; see `TrainingCost`. */
  readonly multiplyAdds: number;
  readonly images: number;
  /** Machine seconds of all attempts, and their price. */
  readonly seconds: number;
  readonly dollars: number;
}

/** One change to a run while it was under way. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** `user@host`, or `budget`. */
  readonly by: string;
  readonly action: 'pause' | 'resume' | 'edit' | 'cancel-job' | 'retry-job' | 'retry' | 'fork';
  /** What was changed, in a few words. */
  readonly text: string;
  /** Of an `edit`: what a retry of the run takes over. */
  readonly edits?: Edits;
}

/** How far two orders of the same things agree. */
export interface RankCorrelation {
  /** Kendall's τ-b in [−1, 1]; absent where one side has no two different values. */
  readonly tau?: number;
  /** 95 % interval; [−1, 1] where τ is absent. */
  readonly interval: readonly [number, number];
  readonly n: number;
  /** How the interval was made, for the reader of a report. */
  readonly method: string;
}

/** What the short retrainings of a sample of stage 1's cells say of its scores. */
export interface GateView {
  readonly points: readonly {
    readonly searchSeed: number;
    /** In the ranking of its search: 1 for the best, 0 for the last. */
    readonly standing: number;
    /** Score on validation data. */
    readonly accuracy: number;
  }[];
  readonly correlation: RankCorrelation;
  /** τ is undefined, or its interval reaches down to `gate.minimumTau`. */
  readonly low: boolean;
  /** Cells that stage 2 retrains. */
  readonly topK: number;
  /** What stage 3's trainings are expected to cost. */
  readonly stage3Dollars: number;
  /** Stage 3 waits until an operator resumes the run. */
  readonly held: boolean;
  /** One sentence for displays. */
  readonly text: string;
}
