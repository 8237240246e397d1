import type { Place } from '../core/place.ts';
import { z } from 'zod';
import type { Json } from '../core/json.ts';
import type { Experiment } from './experiment.ts';
import { inputError } from '../core/input-error.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import type { NetworkSize } from '../task/task.ts';
import type { SpaceChoice } from '../space/registry.ts';
import { isBlackBox } from '../search/strategy-schema.ts';
import { checkObjective } from '../search/objective.ts';

/**
 * The measure that is a timing: unlike the others it differs from one training of the same network to the
 * next.
 */
export const LATENCY = 'latencyMilliseconds';

/** What a trained network is measured by besides its accuracy. */
export const TRIAL_MEASURES: readonly string[] = ['parameters', 'multiplyAdds', LATENCY];

/** Those that follow from the network alone, before it is trained. */
export interface NetworkCounts {
  /** Trained weights. */
  readonly parameters: number;
  /** Of one example, forward. */
  readonly multiplyAdds: number;
}

/**
 * Counts the network of a printed genotype, as its training would; `undefined` where it cannot be built at
 * that size.
 */
export type CountNetwork = (network: {
  readonly space: SpaceChoice;
  readonly genotype: string;
  readonly size: NetworkSize;
  /** What it is trained on, which decides its ends. */
  readonly data: DatasetManifest;
}) => NetworkCounts | undefined;

/** Where the strategy, or the one that proposes its networks, says which measures it keeps small. */
const minimising = ({ strategy }: Pick<Experiment, 'strategy'>) => {
  if (!isBlackBox(strategy)) return undefined;
  const sampler = strategy['sampler'] as Readonly<Record<string, Json>> | undefined;
  const [own, sampled] = [strategy['minimise'], sampler?.['minimise']];
  if (Array.isArray(own)) return { path: ['strategy', 'minimise'], names: own as readonly string[] };
  if (Array.isArray(sampled))
    return { path: ['strategy', 'sampler', 'minimise'], names: sampled as readonly string[] };
  return undefined;
};

/** Measures that the strategy itself keeps small. */
export const minimisedMeasures = (experiment: Pick<Experiment, 'strategy'>): readonly string[] =>
  minimising(experiment)?.names ?? [];

/** Measures that the search needs of every trial: those that it limits, weighs or minimises. */
export const soughtMeasures = (experiment: Pick<Experiment, 'strategy' | 'stages'>): readonly string[] => {
  const { limits = {}, weights = {} } = experiment.stages.search.objective ?? {};
  return [...new Set([...Object.keys(limits), ...Object.keys(weights), ...minimisedMeasures(experiment)])];
};

/**
 * Throws `InputError` where the search limits, weighs or minimises what is not among `measures`; `fixOf` says
 * what to write instead.
 */
export const checkMeasures = (
  experiment: Pick<Experiment, 'strategy' | 'stages'>,
  measures: readonly string[],
  place: Place,
  fixOf: (name: string) => string,
): void => {
  const { objective, table } = experiment.stages.search;
  const field = place(['stages', 'search', 'objective']);
  if (objective !== undefined) checkObjective(objective, measures, { field, positive: table === undefined });
  const { path = [], names = [] } = minimising(experiment) ?? {};
  for (const name of names)
    if (!measures.includes(name)) throw inputError(place(path), name, measures.join(', '), fixOf(name));
};

/** Whether each trial's network is timed. */
export const timesTrials = (experiment: Pick<Experiment, 'strategy' | 'stages'>): boolean =>
  experiment.stages.search.table === undefined && soughtMeasures(experiment).includes(LATENCY);

/**
 * How long a trained network takes for one image, timed once by the job that trained it and kept beside the
 * job's result. It is no part of the result, which equals that of every other training of the same network.
 */
export const latencyRecordSchema = z.strictObject({
  version: z.literal(1),
  /**
   * Median of `repeats` forward passes of one image, after `warmUp` that do not count; quartiles beside it.
   */
  milliseconds: z.number().positive(),
  low: z.number().positive(),
  high: z.number().positive(),
  repeats: z.number().int().min(1),
  warmUp: z.number().int().min(0),
  /** What computed: `CPU, 1 threads, AMD EPYC 9R14`. */
  device: z.string(),
});
export type LatencyRecord = z.infer<typeof latencyRecordSchema>;
