import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { decisionsOf, drawIndex, drawValid, refusesWithoutDecisions } from './factorised-policy.ts';
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

/** One frequency of each option of each decision, with one pseudo-count spread over the options. */
const frequencies = (
  sizes: readonly number[],
  list: readonly Observation[],
): readonly (readonly number[])[] =>
  sizes.map((size, t) => {
    const counts = new Array<number>(size).fill(1 / size);
    for (const { choices } of list)
      counts[choices[t] as number] = (counts[choices[t] as number] as number) + 1;
    return counts.map((count) => count / (list.length + 1));
  });

/** Observations from the best down. An infeasible network is among the worst. */
const ranked = (observations: readonly Observation[]): readonly Observation[] =>
  [...observations].sort(
    (a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY),
  );

interface Split {
  readonly good: readonly Observation[];
  readonly bad: readonly Observation[];
}

/**
 * BOHB: the split of one fidelity into the best `share` and the rest, each with one observation more than there are
 * decisions; undefined where these are not there.
 */
const splitOfFidelity = (
  observations: readonly Observation[],
  dimension: number,
  share: number,
): Split | undefined => {
  const least = dimension + 1;
  const good = Math.max(least, Math.floor(share * observations.length));
  if (observations.length - good < least) return undefined;
  const sorted = ranked(observations);
  return { good: sorted.slice(0, good), bad: sorted.slice(good) };
};

/** What both densities are fitted to; undefined while too little is known. */
export const splitObservations = (
  observations: readonly Observation[],
  dimension: number,
  share: number,
): Split | undefined => {
  const fidelities = [...new Set(observations.map(({ fidelity }) => fidelity))].sort((a, b) => b - a);
  if (fidelities.some((fidelity) => fidelity < 1)) {
    for (const fidelity of fidelities) {
      const same = observations.filter((observation) => observation.fidelity === fidelity);
      const split = splitOfFidelity(same, dimension, share);
      if (split !== undefined) return split;
    }
    return undefined;
  }
  if (observations.length < 2) return undefined;
  const sorted = ranked(observations);
  const good = Math.max(1, Math.ceil(share * sorted.length));
  return { good: sorted.slice(0, good), bad: sorted.slice(good) };
};

type ProposeContext = Parameters<StrategyDefinition<Options, Model>['propose']>[1];

/** Choices of every network that has a result or awaits one. */
const takenChoices = (
  observations: readonly Observation[],
  { space, pending }: ProposeContext,
): ReadonlySet<string> => {
  const { toChoices } = decisionsOf(space);
  return new Set(
    [
      ...observations.map(({ choices }) => choices),
      ...pending.map(({ genotype }) => toChoices(genotype)),
    ].map((choices) => choices.join()),
  );
};

/**
 * The best of `draws` samples of the good density that are not taken, by the ratio of good to bad; undefined while too
 * little is known or all draws are taken.
 */
const proposeByDensities = (
  observations: readonly Observation[],
  taken: ReadonlySet<string>,
  { space, options: o, random }: ProposeContext,
): Json | undefined => {
  const { sizes, toChoices } = decisionsOf(space);
  const split = splitObservations(observations, sizes.length, o.good);
  if (split === undefined) return undefined;
  const good = frequencies(sizes, split.good);
  const bad = frequencies(sizes, split.bad);
  let best: { genotype: Json; ratio: number } | undefined;
  for (let draw = 0; draw < o.draws; draw++) {
    const genotype = drawValid(space, random, () => good.map((weights) => drawIndex(weights, random)));
    const choices = toChoices(genotype);
    if (taken.has(choices.join())) continue;
    const ratio = choices.reduce(
      (sum, choice, t) => sum + Math.log((good[t]?.[choice] as number) / (bad[t]?.[choice] as number)),
      0,
    );
    if (best === undefined || ratio > best.ratio) best = { genotype, ratio };
  }
  return best?.genotype;
};

/**
 * Tree-structured Parzen estimator over independent categorical choices. Bergstra et al. 2011, §4, with the settings of
 * BOHB (Falkner, Klein & Hutter 2018, §3.2 and §A). An infeasible network counts as bad. Deviation: a network that has a
 * result or awaits one is not proposed again, because its score is known or under way.
 *
 * As the sampler of a scheduler it follows the authors' code of BOHB (HpBandSter): the model is that of the highest fidelity with
 * enough results for both densities, of which the good one has max(d + 1, 15 %) for d decisions, and stays with it. Deviations
 * from that code: densities are products of each decision's frequencies with one pseudo-count, where the authors' are kernel
 * densities over whole networks, drawn from around one good network; the first `initial` networks are uniform even where a
 * model could be fitted; the bad ones are all the others, where rounding may leave out the worst there.
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
    const taken = takenChoices(observations, context);
    const uniform = ordinal < o.initial || random.uniform() < o.randomShare;
    return {
      genotype:
        (uniform ? undefined : proposeByDensities(observations, taken, context)) ??
        sampleUntaken(space, random, (genotype) => taken.has(toChoices(genotype).join())),
    };
  },
  learn: ({ observations }, results, { space }) => ({
    observations: [
      ...observations,
      ...results.map(({ trial, score }) => ({
        choices: decisionsOf(space).toChoices(trial.genotype),
        score: score ?? null,
        fidelity: trial.fidelity,
      })),
    ],
  }),
};
