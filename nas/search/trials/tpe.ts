import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { decisionsOf, drawIndex, drawValid, refusesWithoutDecisions } from './factorised-policy.ts';
import { growing } from './growing.ts';
import { insertSorted } from './sorted-list.ts';
import { checkPopulation } from './population.ts';
import { sampleUntaken } from './sample-untaken.ts';
import type { StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    initial: z
      .number()
      .int()
      .min(1)
      .describe('Uniform samples before the model is used.')
      .default(Math.max(1, Math.min(20, Math.round(evaluations / 10)))),
    good: z
      .number()
      .gt(0)
      .lt(1)
      .describe('γ: share of the observations that count as good (BOHB: 0.15).')
      .default(0.15),
    draws: z
      .number()
      .int()
      .min(1)
      .describe(
        'Draws from the good density, of which the one with the highest ratio good : bad is proposed (BOHB: 64).',
      )
      .default(64),
    randomShare: z
      .number()
      .min(0)
      .lt(1)
      .describe('Share of proposals that stay uniform (BOHB: 1/3); all of them would be random search.')
      .default(1 / 3),
  });
type Options = z.infer<ReturnType<typeof options>>;

export type Observation = {
  readonly choices: readonly number[];
  readonly score: number | null;
  readonly fidelity: number;
};
type Model = { readonly observations: readonly Observation[] };

/** How often each option of each decision was chosen; a sparse table. */
type Counts = number[][];

const count = (counts: Counts, { choices }: Observation, by: 1 | -1): void =>
  choices.forEach((choice, t) => {
    const row = (counts[t] ??= []);
    row[choice] = (row[choice] ?? 0) + by;
  });

/** Results of one fidelity. */
interface Group {
  /** From the best down, the earlier of equals before the later. An infeasible network is among the worst. */
  readonly ranked: Observation[];
  readonly all: Counts;
  /** Counts of the first `boundary` in rank. */
  readonly good: Counts;
  boundary: number;
}

const scoreOf = ({ score }: Observation): number => score ?? Number.NEGATIVE_INFINITY;

const byScore = (a: Observation, b: Observation): number =>
  scoreOf(a) === scoreOf(b) ? 0 : scoreOf(b) - scoreOf(a);

const learned = growing<
  Observation,
  { readonly groups: Map<number, Group>; /** Choices of every network. */ readonly networks: Set<string> }
>(
  () => ({ groups: new Map(), networks: new Set() }),
  ({ groups, networks }, observation) => {
    const { fidelity, choices } = observation;
    const group = groups.get(fidelity) ?? { ranked: [], all: [], good: [], boundary: 0 };
    groups.set(fidelity, group);
    networks.add(choices.join());
    count(group.all, observation, 1);
    if (insertSorted(group.ranked, observation, byScore) < group.boundary) {
      count(group.good, observation, 1);
      group.boundary++;
    }
  },
);

/** What both densities are fitted to: the best of a fidelity, and its others. */
interface Split {
  readonly ranked: readonly Observation[];
  /** How many count as good. */
  readonly good: number;
}

/** Good ones of so many results of one fidelity by BOHB's rule; undefined where one density has too few. */
const goodOfFidelity = (results: number, dimension: number, share: number): number | undefined => {
  const least = dimension + 1;
  const good = Math.max(least, Math.floor(share * results));
  return results - good < least ? undefined : good;
};

const groupAndGood = (
  observations: readonly Observation[],
  dimension: number,
  share: number,
): readonly [Group, number] | undefined => {
  const groups = [...learned.of(observations).groups].sort(([a], [b]) => b - a);
  if (groups.some(([fidelity]) => fidelity < 1)) {
    for (const [, group] of groups) {
      const good = goodOfFidelity(group.ranked.length, dimension, share);
      if (good !== undefined) return [group, good];
    }
    return undefined;
  }
  const [whole] = groups;
  if (whole === undefined || observations.length < 2) return undefined;
  return [whole[1], Math.max(1, Math.ceil(share * observations.length))];
};

/**
 * Which results the densities are of, undefined while too little is known: of the highest fidelity that has
 * one more than there are decisions for each (BOHB), the best `share` and the rest.
 */
export const splitObservations = (
  observations: readonly Observation[],
  dimension: number,
  share: number,
): Split | undefined => {
  const found = groupAndGood(observations, dimension, share);
  return found && { ranked: found[0].ranked, good: found[1] };
};

/**
 * 1 / size + 1 + … + 1 with so many ones, added one by one: how a sum rounds is part of what a search
 * proposes.
 */
const sums = new Map<number, number[]>();
const pseudoCount = (size: number, ones: number): number => {
  const known = sums.get(size) ?? [1 / size];
  sums.set(size, known);
  while (known.length <= ones) known.push((known.at(-1) as number) + 1);
  return known[ones] as number;
};

type Density = readonly (readonly number[])[];

/**
 * One frequency of each option of each decision among good and bad ones, with one pseudo-count spread over
 * the options.
 */
const densities = (group: Group, good: number, sizes: readonly number[]): readonly [Density, Density] => {
  while (group.boundary < good) count(group.good, group.ranked[group.boundary++] as Observation, 1);
  while (group.boundary > good) count(group.good, group.ranked[--group.boundary] as Observation, -1);
  const density = (results: number, chosen: (t: number, option: number) => number): Density =>
    sizes.map((size, t) =>
      Array.from({ length: size }, (_, option) => pseudoCount(size, chosen(t, option)) / (results + 1)),
    );
  const inGood = (t: number, option: number): number => group.good[t]?.[option] ?? 0;
  return [
    density(good, inGood),
    density(group.ranked.length - good, (t, option) => (group.all[t]?.[option] ?? 0) - inGood(t, option)),
  ];
};

type ProposeContext = Parameters<StrategyDefinition<Options, Model>['propose']>[1];

/** Whether a network's choices have a result or await one. */
const takenBy = (
  observations: readonly Observation[],
  { space, pending }: ProposeContext,
): ((choices: string) => boolean) => {
  const { networks } = learned.of(observations);
  const { toChoices } = decisionsOf(space);
  const underWay = new Set(pending.map(({ genotype }) => toChoices(genotype).join()));
  return (choices) => networks.has(choices) || underWay.has(choices);
};

/**
 * The best of `draws` samples of the good density that are not taken, by the ratio of good to bad; undefined
 * while too little is known or all draws are taken.
 */
const proposeByDensities = (
  observations: readonly Observation[],
  taken: (choices: string) => boolean,
  { space, options: o, random }: ProposeContext,
): Json | undefined => {
  const { sizes, toChoices } = decisionsOf(space);
  const split = groupAndGood(observations, sizes.length, o.good);
  if (split === undefined) return undefined;
  const [good, bad] = densities(...split, sizes);
  let best: { genotype: Json; ratio: number } | undefined;
  for (let draw = 0; draw < o.draws; draw++) {
    const genotype = drawValid(space, random, () => good.map((weights) => drawIndex(weights, random)));
    const choices = toChoices(genotype);
    if (taken(choices.join())) continue;
    const ratio = choices.reduce(
      (sum, choice, t) => sum + Math.log((good[t]?.[choice] as number) / (bad[t]?.[choice] as number)),
      0,
    );
    if (best === undefined || ratio > best.ratio) best = { genotype, ratio };
  }
  return best?.genotype;
};

/**
 * Tree-structured Parzen estimator over independent categorical choices. Bergstra et al. 2011, §4, with the
 * settings of BOHB (Falkner, Klein & Hutter 2018, §3.2 and §A). An infeasible network counts as bad.
 * Deviation: a network that has a result or awaits one is not proposed again, because its score is known or
 * under way.
 *
 * As the sampler of a scheduler it follows the authors' code of BOHB (automl/HpBandSter 0ec0ce2,
 * `hpbandster/optimizers/config_generators/bohb.py:124–187, 313–349`): the model is that of the
 * highest fidelity with enough results for both densities, of which the good one has max(d + 1, 15 %) for d
 * decisions, and stays with it. Deviations from that code: densities are products of each decision's
 * frequencies with one pseudo-count, where the authors' are kernel densities over whole networks, drawn from
 * around one good network; the first `initial` networks are uniform even where a model could be fitted; the
 * bad ones are all the others, where rounding may leave out the worst there.
 */
export const tpe: StrategyDefinition<Options, Model> = {
  name: 'tpe',
  source:
    'Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", §4; Falkner, Klein & Hutter 2018, §3.2',
  options,
  refuses: refusesWithoutDecisions,
  check: ({ options: { initial }, evaluations }) => checkPopulation('initial', initial, evaluations),
  allFidelities: true,
  init: () => ({ observations: [] }),
  propose: ({ observations }, context) => {
    const { space, options: o, ordinal, random } = context;
    const { toChoices } = decisionsOf(space);
    const taken = takenBy(observations, context);
    const uniform = ordinal < o.initial || random.uniform() < o.randomShare;
    return {
      genotype:
        (uniform ? undefined : proposeByDensities(observations, taken, context)) ??
        sampleUntaken(space, random, (genotype) => taken(toChoices(genotype).join())),
    };
  },
  learn: ({ observations }, results, { space }) => ({
    observations: results.reduce(
      (list, { trial, score }) =>
        learned.append(list, {
          choices: decisionsOf(space).toChoices(trial.genotype),
          score: score ?? null,
          fidelity: trial.fidelity,
        }),
      observations,
    ),
  }),
};
