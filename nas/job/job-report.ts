import type { Grown } from '../search/inheritance.ts';
import type { TrainingCost } from './job.ts';
import type { Outcome } from './outcome.ts';

/** What one job of a run does; small enough to stand in a workflow's history. */
export type PlannedJob = PlannedSearch | PlannedTraining | PlannedTrial;

interface PlannedSearch {
  readonly kind: 'search';
  /** Path in the run: `stage-1/seed-0`. */
  readonly jobId: string;
  readonly seed: number;
  /** A black-box strategy's search: not one job, but a job a trial. */
  readonly by?: 'trials';
  /** The strategy may take minutes to propose. */
  readonly thinksLong?: true;
}

/** One network that a black-box strategy wants to know the validation score of. */
export interface PlannedTrial {
  readonly kind: 'trial';
  /** Below its search: `stage-1/seed-0/trial-000042`. */
  readonly jobId: string;
  /** Of the training: the search's, so that equal networks have equal results. */
  readonly seed: number;
  /** The printed genotype. */
  readonly genotype: string;
  /**
   * Epochs after each of which the network is scored; the trial ends with the last, which may be before the
   * recipe's.
   */
  readonly rungs: readonly number[];
  /**
   * The trial that trained the same network up to the rung before the last; this one goes on from its end.
   */
  readonly continues?: string;
  /** How its network grew out of that of the trial with this job. */
  readonly inherits?: Grown & { readonly jobId: string };
}

/** The two sides of stage 3. */
export type Contender = 'winner' | 'baseline';

export interface PlannedTraining {
  /**
   * `gate`: a sampled cell of stage 1, trained shortly; `retrain`: a cell of stage 1 at stage-2 fidelity;
   * `baseline`: a random cell at the same fidelity; `evaluate`: a contender at full fidelity, scored on the
   * test split.
   */
  readonly kind: 'gate' | 'retrain' | 'baseline' | 'evaluate';
  readonly jobId: string;
  readonly seed: number;
  /** The printed genotype. */
  readonly genotype: string;
  /** Of an evaluation; absent where 0.1.0 planned it (`contenderOf`). */
  readonly contender?: Contender;
  /**
   * Seed of the search that the job is part of, or whose random search; absent where all searches are
   * compared as one, with one random search.
   */
  readonly search?: number;
}

/** How one job of a run ended, over all of its launches. */
export interface JobReport {
  readonly job: PlannedJob;
  readonly outcome: Outcome;
  /** The last words of a job that did not succeed. */
  readonly error?: string;
  /** Processes that were started for it, over all launches. */
  readonly attempts: number;
  /** Attempts that ended because the machine was reclaimed. */
  readonly reclaims: number;
  /** Machine seconds of all attempts. */
  readonly seconds: number;
  /** Of a search by trials: what its strategy took to propose and to learn, on the worker. */
  readonly thinkingSeconds?: number;
  /** `seconds` at the experiment's spot price. */
  readonly dollars: number;
  /** Present when the job succeeded. */
  readonly result?: JobResultSummary;
}

/** The part of a result that the protocol's display and history carry; the whole document is in the store. */
export interface JobResultSummary {
  readonly uri: string;
  readonly sha256: string;
  /** The best cell found (stage 1) or the cell trained. */
  readonly genotype: string;
  /** Score of the task's metric on the split that the job was scored on; named accuracy since 0.1.0. */
  readonly accuracy: number;
  readonly scoredOn: 'validation' | 'test';
  readonly cost: TrainingCost;
}
