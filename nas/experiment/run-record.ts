import { hashJson } from '../core/hash.ts';
import type { BlobRef } from '../core/blob.ts';
import type { SettledExperiment } from './settled-experiment.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

/** What a run is, fixed when it starts; stored at `keys.experiment`, which also reserves the run's name. */
export interface RunRecord {
  readonly version: 1;
  readonly runId: string;
  readonly experiment: SettledExperiment;
  /** See `experimentHash`; part of every checkpoint. */
  readonly experimentHash: string;
  readonly dataset: { readonly name: string; readonly manifest: BlobRef };
  /** ISO 8601. */
  readonly createdAt: string;
  /** Whose run it is (`deploymentId`); absent in records of before deployments were told apart. */
  readonly deployment?: string;
  /** The code that the run keeps to its end; absent in records of before it was settled. */
  readonly code?: RunCode;
}

/**
 * What computes a run. None of it is part of the experiment's hash: a checkpoint names the numeric code
 * itself.
 */
export interface RunCode {
  /** Job definition of the trainer with its revision, `name:3`: every job of the run is submitted with it. */
  readonly jobDefinition: string;
  /** Builds of the workers that polled when the run began (`workerBuild`), usually one. */
  readonly workers: readonly string[];
}

/** Names a run in workflow histories: small, and enough to find everything else. */
export interface RunRef {
  readonly runId: string;
  readonly experimentHash: string;
}

/** Stages that claim no more than those of 0.1.0, which did not say what they claim, are those of then. */
const hashedStages = ({ evaluate, ...stages }: SettledExperiment['stages']): object => {
  const { claim, ...rest } = evaluate;
  return { ...stages, evaluate: { ...rest, ...(claim === 'search' ? { claim } : {}) } };
};

/**
 * The identity of a run's science: everything that can change a number, and nothing else. Names, prices,
 * budgets, checkpoint cadence and machines may differ between equal experiments; the thread count may not.
 */
export const experimentHash = (experiment: SettledExperiment, manifest: BlobRef): string => {
  const { space, strategy, genotype, origin, gate, task, stages, resources } = experiment;
  return hashJson({
    space,
    strategy,
    ...(genotype === undefined ? {} : { genotype }),
    ...(origin === undefined ? {} : { origin }),
    ...(gate === undefined ? {} : { gate }),
    task,
    stages: hashedStages(stages),
    threads: resources.threads,
    // How many trials are awaited at once decides what a strategy knows when it proposes.
    ...(isBlackBox(strategy) ? { parallelism: resources.parallelism } : {}),
    data: manifest.sha256,
  });
};
