import { z } from 'zod';
import { experimentSchema } from './experiment.ts';
import type { Experiment } from './experiment.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

/**
 * An experiment as a run records it: what may be left to the queue's capacity is settled, once and for all of
 * the run.
 */
export type SettledExperiment = Experiment & { readonly resources: { readonly parallelism: number } };

export const settledExperimentSchema: z.ZodType<SettledExperiment, unknown> = experimentSchema.refine(
  (experiment): experiment is SettledExperiment => isSettled(experiment),
  { path: ['resources', 'parallelism'], message: 'missing' },
);

export const isSettled = (experiment: Experiment): experiment is SettledExperiment =>
  experiment.resources.parallelism !== undefined;

/** An experiment that names its parallelism itself, or comes from a run. Throws `TypeError` otherwise. */
export const asSettled = (experiment: Experiment): SettledExperiment => {
  if (!isSettled(experiment)) throw new TypeError(`experiment ${experiment.name}: its parallelism is open`);
  return experiment;
};

/** The experiment with the given number of jobs in flight. */
export const withParallelism = (experiment: Experiment, parallelism: number): SettledExperiment => ({
  ...experiment,
  resources: { ...experiment.resources, parallelism },
});

/**
 * Jobs that a queue of so many vCPUs runs at once, at least one. A search by trials has no use for more than
 * it may propose in all.
 */
export const parallelismFor = ({ strategy, stages, resources }: Experiment, vcpus: number): number => {
  const room = Math.max(1, Math.floor(vcpus / resources.vcpus));
  return isBlackBox(strategy) ? Math.min(room, stages.search.evaluations ?? room) : room;
};
