import type { BlobRef } from '../core/blob.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { ONE_JOB_SEARCHES, OneJobChoice, OneJobName } from '../search/one-job/registry.ts';
import type { Grown } from '../search/inheritance.ts';
import type { TaskKind } from '../task/terms.ts';
import type { SpaceChoice } from '../space/registry.ts';
import type { TaskTypes } from '../task/task.ts';

/** Data a program trains and scores on. */
export type TaskData<Of extends TaskTypes = TaskTypes> = Of['section'] & {
  /** What is learnt of them; absent for the default task, which programs of 0.1.0 have. */
  readonly task?: TaskKind;
} & (undefined extends Of['augmentation']
    ? { readonly augmentation?: Of['augmentation'] }
    : { readonly augmentation: Of['augmentation'] });

/** What every program is given besides its kind and strategy. */
export interface ProgramTask<Of extends TaskTypes = TaskTypes> {
  readonly space: SpaceChoice;
  readonly network: Of['network'];
  readonly recipe: Of['recipe'];
  readonly data: TaskData<Of>;
  readonly seed: number;
}

/** Stage 1 by a search of one job; of any of them where no name is given. */
export interface SearchSpec<
  Name extends OneJobName = OneJobName,
  Of extends TaskTypes = TaskTypes,
> extends ProgramTask<Of> {
  readonly kind: (typeof ONE_JOB_SEARCHES)[Name]['program'];
  readonly strategy: OneJobChoice<Name>;
}

/** Stages 2 and 3: train one network from scratch. */
export interface TrainNetworkSpec<Of extends TaskTypes = TaskTypes> extends ProgramTask<Of> {
  readonly kind: 'train-network';
  /** The printed genotype, e.g. `Genotype(normal=[…], …)`. */
  readonly genotype: string;
  /** Stage 2 trains on `train` and scores `validation`; stage 3 trains on both and reads `test` once. */
  readonly trainOn: 'train' | 'train+validation';
  readonly evaluateOn: 'validation' | 'test';
  /**
   * The validation part is evaluated after every so many epochs, whatever `evaluateOn` is. Absent: where it is
   * what is scored, at most 20 times.
   */
  readonly validateEvery?: number;
  /**
   * Epochs after each of which the network is scored on `evaluateOn`; training ends with the last, at which
   * the schedules of the recipe, made for all of its epochs, may be under way. Absent: all epochs, scored at
   * most 20 times.
   */
  readonly rungs?: readonly number[];
  /**
   * Last epochs after each of which the network is scored too; the best of these scores is its own. Absent:
   * 1.
   */
  readonly scoreOfLast?: number;
  /** The trained network whose weights this one starts with; absent: it starts from scratch. */
  readonly grown?: Grown;
}

export type ProgramSpec = SearchSpec | TrainNetworkSpec;

/** Whether a program searches; the other kind trains one network. */
export const isSearch = (spec: ProgramSpec): spec is SearchSpec => 'strategy' in spec;

/** The one argument of a Batch job, stored at the URI that the job receives. Immutable once written. */
export interface JobDocument {
  readonly version: 1;
  readonly runId: string;
  /** Path of the job in its run: `stage-1/seed-0`, `stage-2/cell-3f2a9c`, `stage-3/winner/seed-4`. */
  readonly jobId: string;
  /** Hash of the resolved experiment; a checkpoint of another experiment is refused. */
  readonly experimentHash: string;
  readonly program: ProgramSpec;
  /** Job of the same network and recipe with one rung less, whose last checkpoint this one starts from. */
  readonly continues?: string;
  /** The trained network is timed (`LatencyRecord`). */
  readonly measureLatency?: true;
  /** Job that trained the network that this one's grew out of. */
  readonly inherits?: string;
  readonly dataset: { readonly name: string; readonly manifest: BlobRef };
  readonly checkpoint: Experiment['checkpoint'];
  /** TensorFlow threads of the process. */
  readonly threads: number;
}

/**
 * One point of a learning curve. Fields named after accuracy hold scores of the task's metric, higher is
 * better; they have kept the name of the first metric (docs/adr/007). Losses in the task's unit, nats of an
 * image classifier.
 */
export type CurvePoint = {
  readonly epoch: number;
  readonly step: number;
  readonly trainLoss?: number;
  readonly trainAccuracy?: number;
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  readonly learningRate?: number;
  /** What ENAS' controller was like in its steps after the epoch, averaged over the architectures it drew. */
  readonly controller?: {
    /** Score on validation minibatches. */
    readonly reward: number;
    /** Moving average of the rewards after the last step. */
    readonly baseline: number;
    /** Nats an architecture. */
    readonly entropy: number;
    /** Share of the possible skip connections that were made; macro architectures only. */
    readonly skipRate?: number;
  };
  /**
   * By kind of cell, the weight of each operation on each edge, rows summing to one: the softmax of the
   * alphas.
   */
  readonly edgeWeights?: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** Of the cells that the edge weights stand for, by kind of cell. */
  readonly skipConnects?: Readonly<Record<string, number>>;
  /** Dominant eigenvalue of the Hessian of a validation minibatch's loss with respect to the alphas. */
  readonly hessianEigenvalue?: number;
};

/**
 * Training cost that does not depend on the machine, so that an equal budget means the same in every rerun.
 */
export type TrainingCost = {
  /** Multiply-adds of all forward passes plus twice that for each backward pass. */
  readonly multiplyAdds: number;
  /** Examples passed forward, training and scoring together; named after those of the first task. */
  readonly images: number;
};

export interface ScoredGenotype {
  readonly genotype: string;
  /** Of the task's metric on the validation minibatches; higher is better. */
  readonly score: number;
  /** On the whole validation set, for those re-scored. */
  readonly rescored?: number;
}

/**
 * Result of stage 1; wall-clock figures are kept apart in attempt records, so equal runs have equal results.
 */
export interface SearchResult {
  readonly kind: 'search';
  /** Candidates, best first (by `rescored`, then `score`). */
  readonly candidates: readonly ScoredGenotype[];
  readonly curve: readonly CurvePoint[];
  readonly cost: TrainingCost;
  /** SHA-256 of the final weights. */
  readonly weightsSha256: string;
  /** Counts of a black-box strategy's own; absent where it has none. */
  readonly summary?: Readonly<Record<string, number>>;
}

export interface TrainResult {
  readonly kind: 'train';
  readonly genotype: string;
  readonly evaluatedOn: 'validation' | 'test';
  /**
   * Score of the task's metric after the last epoch, or the best one after the last `scoreOfLast`; named
   * accuracy since 0.1.0.
   */
  readonly accuracy: number;
  /** After the last epoch. */
  readonly loss: number;
  readonly curve: readonly CurvePoint[];
  readonly parameters: number;
  /** Multiply-adds of one forward pass of one example. */
  readonly multiplyAdds: number;
  /** All intermediate results of one training minibatch, float32. */
  readonly activationBytes?: number;
  readonly cost: TrainingCost;
  readonly weightsSha256: string;
}

export type ProgramResult = SearchResult | TrainResult;

/**
 * What one attempt says of itself, written when it starts and rewritten when it ends. Wall-clock lives here
 * only.
 */
export interface AttemptRecord {
  readonly jobId: string;
  /** Lease epoch: 1 for the first attempt that ran, rising by one with each. */
  readonly epoch: number;
  readonly batchJobId: string;
  readonly batchAttempt: number;
  readonly host: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly outcome?: string;
  readonly error?: string;
  /** Step restored from, 0 when fresh. */
  readonly fromStep: number;
  readonly toStep?: number;
  /** The instance or platform announced the attempt's end (or, `rebalance`, that it is likely). */
  readonly notice?: { readonly kind: 'reclaim' | 'rebalance' | 'sigterm'; readonly at: string };
  /** Restore refused these newer checkpoints, with the reason. */
  readonly walkedBack?: readonly string[];
  /** Documents of the job that were found damaged and written anew, with what was wrong. */
  readonly mended?: readonly string[];
  readonly checkpoints?: { readonly count: number; readonly bytes: number; readonly stallSeconds: number };
  readonly trainSeconds?: number;
  /** Peak resident memory, bytes. */
  readonly peakBytes?: number;
  /** Name to version of what computed: `code`, `tensorflow`, `node`. */
  readonly software?: Readonly<Record<string, string>>;
}
