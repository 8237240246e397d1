import { z } from 'zod';
import { hashJson } from '../core/hash.ts';
import { blobRefSchema, sha256Schema, type BlobRef } from '../core/blob.ts';
import { settledExperimentSchema, type SettledExperiment } from './settled-experiment.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

/**
 * What computes a run. None of it is part of the experiment's hash: a checkpoint names the numeric code
 * itself.
 */
const runCodeSchema = z.strictObject({
  /** Job definition of the trainer with its revision, `name:3`: every job of the run is submitted with it. */
  jobDefinition: z.string(),
  /** Builds of the workers that polled when the run began (`workerBuild`), usually one. */
  workers: z.array(z.string()).readonly(),
});
export type RunCode = z.infer<typeof runCodeSchema>;

/** What a run is, fixed when it starts; stored at `keys.experiment`, which also reserves the run's name. */
export const runRecordSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  experiment: settledExperimentSchema,
  /** See `experimentHash`; part of every checkpoint. */
  experimentHash: sha256Schema,
  dataset: z.strictObject({ name: z.string(), manifest: blobRefSchema }),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Whose run it is (`deploymentId`); absent in records of before deployments were told apart. */
  deployment: z.string().exactOptional(),
  /** The code that the run keeps to its end; absent in records of before it was settled. */
  code: runCodeSchema.exactOptional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

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
