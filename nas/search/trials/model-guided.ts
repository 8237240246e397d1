import { probit } from 'simple-statistics';
import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { randomFromSeed, deriveSeed } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import type { Space } from '../../space/space.ts';
import { growing } from './growing.ts';
import { insertSorted } from './sorted-list.ts';
import { checkPopulation } from './population.ts';
import { sampleUntaken } from './sample-untaken.ts';
import type { StrategyDefinition } from '../strategy.ts';

/** Options that every strategy with a fitted model of the score shares. */
export const modelOptions = (evaluations: number) => ({
  initial: z
    .number()
    .int()
    .min(1)
    .describe('Uniform samples before the first fit, which takes two results at least.')
    .default(Math.min(evaluations, Math.max(2, Math.min(20, Math.round(evaluations / 10))))),
  batch: z
    .number()
    .int()
    .min(1)
    .describe('Proposals to a fit; they count on no result of one another.')
    .default(Math.max(1, Math.min(20, Math.round(evaluations / 20)))),
  candidates: z
    .number()
    .int()
    .min(2)
    .describe('Networks among which each fit chooses: half mutants of the best, half uniform samples.')
    .default(200),
});

interface ModelOptions {
  readonly initial: number;
  readonly batch: number;
  readonly candidates: number;
}

export type Observation = { readonly genotype: Json; readonly score: number | null };
type Batch = { readonly start: number; readonly items: readonly Json[] };
type Model = {
  readonly observations: readonly Observation[];
  /** Proposals for the ordinals from `start` on. */
  readonly batch: Batch;
};

/** What a fit starts from. */
interface Fit<O> {
  readonly space: Space;
  readonly genotypes: readonly Json[];
  /** Standard normal scores of the ranks, so that outliers and units do not matter. */
  readonly targets: readonly number[];
  readonly options: O;
  readonly random: Random;
}

/** Learns from observations and returns what ranks candidates, higher being better. */
export type Acquisition<O> = (fit: Fit<O>) => (candidate: Json) => number;

/** Explorers look at a network more than once, and some models take milliseconds to rank it. */
const remembered = (rank: (candidate: Json) => number): ((candidate: Json) => number) => {
  const values = new Map<string, number>();
  return (candidate) => {
    const key = JSON.stringify(candidate);
    const value = values.get(key) ?? rank(candidate);
    values.set(key, value);
    return value;
  };
};

/**
 * Produces the candidates that are ranked; `taken` says whether the JSON of a network was proposed before.
 */
export type Explorer<O> = (
  fit: Fit<O> & {
    readonly rank: (candidate: Json) => number;
    readonly taken: (key: string) => boolean;
  },
) => readonly Json[];

/**
 * Targets for a regression: Φ⁻¹((rank − ½) / n) of each score, ties sharing their mean rank (the Gaussian
 * copula of Salinas, Shen & Perrone 2020). Infeasible networks (null) share the lowest rank.
 */
export const normalScores = (scores: readonly (number | null)[]): readonly number[] => {
  const values = scores.map((score) => score ?? Number.NEGATIVE_INFINITY);
  const sorted = [...values].sort((a, b) => a - b);
  const rankOf = new Map<number, number>();
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (end < sorted.length && sorted[end] === sorted[i]) end++;
    rankOf.set(sorted[i] as number, (i + end) / 2);
    i = end;
  }
  return values.map((value) => probit((rankOf.get(value) as number) / values.length));
};

const scoreOf = ({ score }: Observation): number => score ?? Number.NEGATIVE_INFINITY;

/** Of all observations: best first, the earlier of equals before the later, and the JSON of every network. */
const observed = growing<Observation, { readonly ranked: Observation[]; readonly keys: Set<string> }>(
  () => ({ ranked: [], keys: new Set() }),
  ({ ranked, keys }, observation) => {
    insertSorted(ranked, observation, (a, b) => (scoreOf(a) === scoreOf(b) ? 0 : scoreOf(b) - scoreOf(a)));
    keys.add(JSON.stringify(observation.genotype));
  },
);

/** The best of them and as many of the newest, when there are more than `limit`. */
const trainingSet = (observations: readonly Observation[], limit: number): readonly Observation[] => {
  if (observations.length <= limit) return observations;
  const best = observed.of(observations).ranked.slice(0, Math.floor(limit / 2));
  const kept = new Set(best);
  const newest: Observation[] = [];
  for (let i = observations.length - 1; newest.length < limit - best.length; i--) {
    const observation = observations[i] as Observation;
    if (!kept.has(observation)) newest.push(observation);
  }
  return [...best, ...newest.reverse()];
};

/** Parents of the mutants among the candidates. */
const PARENTS = 10;
/** Mutants take one to three edits. */
const MAX_EDITS = 3;

/** Half mutants of the best observations, half uniform samples, all unseen. */
const mutantsAndSamples: Explorer<ModelOptions> = ({ space, genotypes, targets, taken, options, random }) => {
  const parents = genotypes
    .map((genotype, i) => ({ genotype, target: targets[i] as number }))
    .sort((a, b) => b.target - a.target)
    .slice(0, PARENTS);
  const found = new Map<string, Json>();
  // A small space may have fewer unseen networks than wanted: the number of tries is bounded, not of finds.
  for (let i = 0; i < 2 * options.candidates && found.size < options.candidates; i++) {
    let genotype: Json;
    if (i % 2 === 0) {
      genotype = random.pick(parents).genotype;
      for (let edits = 1 + random.int(MAX_EDITS); edits > 0; edits--)
        genotype = space.mutate(genotype, random);
    } else genotype = space.sample(random);
    const key = JSON.stringify(genotype);
    if (!taken(key)) found.set(key, genotype);
  }
  return [...found.values()];
};

/**
 * Sequential model-based search: a model is fitted to what is known, unseen candidates are ranked by an
 * acquisition, and the best make the next batch. The trial that opens a batch carries the batch in its note,
 * so that a state can be rebuilt from its results.
 */
export const modelGuided = <O extends ModelOptions & Json>(
  definition: Pick<
    StrategyDefinition<O, Model>,
    'name' | 'source' | 'options' | 'refuses' | 'thinksLong' | 'check'
  > & {
    /** Most observations a fit uses; bounds its time. */
    readonly trainingLimit: (options: O) => number;
    readonly acquisition: Acquisition<O>;
    /** Mutants of the best and uniform samples where absent. */
    readonly explore?: Explorer<O>;
  },
): StrategyDefinition<O, Model> => ({
  ...definition,
  check: (context) => {
    checkPopulation('initial', context.options.initial, context.evaluations);
    definition.check?.(context);
  },
  init: () => ({ observations: [], batch: { start: 0, items: [] } }),
  propose: ({ observations, batch }, context) => {
    const { space, options, ordinal, random, pending, seed } = context;
    const queued = ordinal >= batch.start ? batch.items[ordinal - batch.start] : undefined;
    if (queued !== undefined) return { genotype: queued };
    const { keys } = observed.of(observations);
    const underWay = new Set(pending.map(({ genotype }) => JSON.stringify(genotype)));
    const taken = (key: string): boolean => keys.has(key) || underWay.has(key);
    const sample = (): Json => sampleUntaken(space, random, (genotype) => taken(JSON.stringify(genotype)));
    if (ordinal < options.initial || observations.length < 2) return { genotype: sample() };
    const training = trainingSet(observations, definition.trainingLimit(options));
    const fit = {
      space,
      genotypes: training.map(({ genotype }) => genotype),
      targets: normalScores(training.map(({ score }) => score)),
      options,
      random: randomFromSeed(deriveSeed(seed, definition.name, 'fit', ordinal)),
    };
    const rank = remembered(definition.acquisition(fit));
    const items = (definition.explore ?? mutantsAndSamples)({ ...fit, rank, taken })
      .map((genotype) => ({ genotype, value: rank(genotype) }))
      .sort((a, b) => b.value - a.value)
      .slice(0, options.batch)
      .map(({ genotype }) => genotype);
    if (items.length === 0) return { genotype: sample() };
    return { genotype: items[0] as Json, note: { start: ordinal, items } };
  },
  register: (model, { note }) =>
    note === null || (note as Batch).start < model.batch.start ? model : { ...model, batch: note as Batch },
  learn: (model, results) => ({
    ...model,
    observations: results.reduce(
      (list, { trial, score }) => observed.append(list, { genotype: trial.genotype, score: score ?? null }),
      model.observations,
    ),
  }),
});
