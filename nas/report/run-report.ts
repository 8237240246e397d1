import type { ReportedData } from '../task/task.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { AttemptRecord } from '../job/attempt-record.ts';
import type { CurvePoint, ScoredGenotype, TrainingCost } from '../job/program-result.ts';
import type { Outcome } from '../job/outcome.ts';
import type { Contender } from '../job/job-report.ts';
import type { StageName } from '../experiment/stage-name.ts';
import type { RankCorrelation, RunView } from '../protocol/run-view.ts';
import type { ReceiptReport } from './receipt-report.ts';
import type { SearchTrials } from './search-trials.ts';

/**
 * Everything a report shows, as one plain JSON document: what the run came to (`RunView`), what it measured,
 * what it cost, and what it takes to repeat it. Times are UTC in ISO 8601; fields named after accuracy hold
 * scores of the task's metric (docs/adr/007). A run that failed or was cancelled has a report of what is
 * there.
 */
export interface RunReport extends RunView {
  readonly version: 1;
  readonly provenance: Provenance;
  /** Resolved: every default is spelt out. */
  readonly configuration: Experiment;
  readonly data?: ReportedData;
  /** Stage 1, one a seed. */
  readonly searches: readonly SearchReport[];
  /** Networks of trials that were timed, by the device that did. */
  readonly timedOn?: Readonly<Record<string, number>>;
  /** The best score in the table, where stage 1 looks its trials up in one; as the searches learn it. */
  readonly tableBest?: number;
  /** Documents that could not be used, with what is wrong with them; the report is made without. */
  readonly damaged?: readonly string[];
  /** Cells trained from scratch at stage-2 fidelity: those of stage 2 and the baseline's random ones. */
  readonly retrainings: readonly RetrainingReport[];
  /** How well stage 1's score predicts the score after retraining. */
  readonly proxyFidelity: ProxyFidelity;
  /** Stage 3, one a contender and seed. */
  readonly evaluations: readonly EvaluationReport[];
  /** Jobs that ended otherwise than by success. */
  readonly failures: readonly FailureReport[];
  /**
   * Proofs that jobs of this experiment, killed and resumed, end as if left alone; `nas verify-resume` makes
   * them.
   */
  readonly receipts: readonly ReceiptReport[];
  readonly spending: readonly StageSpending[];
  /** All attempts of all jobs, those of trials among them, in the order in which they began. */
  readonly attempts: readonly AttemptReport[];
}

interface Provenance {
  readonly experimentHash: string;
  readonly createdAt: string;
  /** End of the last attempt, where it is known. */
  readonly endedAt?: string;
  readonly datasetManifestSha256: string;
  /** Name to version of the software that wrote the report. */
  readonly software: Readonly<Record<string, string>>;
}

/** Scores in equal bins: `counts[i]` of [from + i · width, from + (i + 1) · width), the last one closed. */
export interface Histogram {
  readonly from: number;
  readonly width: number;
  readonly counts: readonly number[];
}

export interface SearchReport {
  readonly jobId: string;
  readonly seed: number;
  readonly curve: readonly CurvePoint[];
  readonly candidates: number;
  readonly scores: Histogram;
  /** Best first. */
  readonly best: readonly ScoredGenotype[];
  readonly cost: TrainingCost;
  readonly weightsSha256: string;
  /** Of a search by trials. */
  readonly trials?: SearchTrials;
}

export interface TrainedReport {
  readonly jobId: string;
  readonly seed: number;
  readonly genotype: string;
  readonly accuracy: number;
  readonly loss: number;
  readonly curve: readonly CurvePoint[];
  readonly parameters: number;
  /** Of one forward pass of one example. */
  readonly multiplyAdds: number;
  /** Intermediate results of one training minibatch, by calculation. */
  readonly activationBytes?: number;
  readonly cost: TrainingCost;
  readonly weightsSha256: string;
}

export interface RetrainingReport extends TrainedReport {
  /** Who found the cell: the search, or the equal-budget random baseline. */
  readonly by: Contender;
  /**
   * Seed of the search that it is part of, or whose random search, where searches are compared one by one.
   */
  readonly search?: number;
  /** Where the search found it and how it scored there. */
  readonly proxy?: { readonly searchSeed: number; readonly rank: number; readonly score: number };
}

export interface EvaluationReport extends TrainedReport {
  readonly contender: Contender;
  /** Seed of the search whose winner, or whose random search's, was trained; see `RetrainingReport`. */
  readonly search?: number;
  /** What the network makes of what it has learnt, as text. */
  readonly specimen?: string;
}

export interface ProxyFidelity {
  readonly points: readonly {
    readonly jobId: string;
    readonly searchSeed: number;
    readonly score: number;
    readonly accuracy: number;
  }[];
  /** Over all points together; scores of different searches are only roughly comparable. */
  readonly correlation: RankCorrelation;
}

export interface FailureReport {
  readonly jobId: string;
  readonly outcome: Outcome;
  readonly attempts: number;
  /** The job's last words. */
  readonly error?: string;
}

export interface StageSpending {
  readonly stage: StageName;
  readonly jobs: number;
  readonly attempts: number;
  readonly reclaims: number;
  /**
   * From the first attempt's begin to the last one's end; stages may overlap. Absent where nothing ran as a
   * job.
   */
  readonly wallSeconds?: number;
  /** All attempts added up. */
  readonly machineSeconds: number;
  /** `machineSeconds` at the experiment's spot price. */
  readonly dollars: number;
  readonly onDemandDollars: number;
  readonly multiplyAdds: number;
  readonly images: number;
}

export interface AttemptReport extends AttemptRecord {
  readonly stage: StageName;
}
