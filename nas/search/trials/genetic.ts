import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import type { Random } from '../../core/random.ts';
import { drawIndex } from './factorised-policy.ts';
import { checkPopulation, populationSize, type Member } from './population.ts';
import type { StrategyContext, StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    populationSize: populationSize(evaluations, 20).describe('N: individuals in a generation.'),
    crossoverProbability: z
      .number()
      .min(0)
      .max(1)
      .describe('p_C: probability that an adjacent pair is crossed.')
      .default(0.2),
    stageExchange: z
      .number()
      .min(0)
      .max(1)
      .describe(
        'q_C: probability that a stage of a crossed pair is exchanged; a choice where the space knows no stages.',
      )
      .default(0.2),
    mutationProbability: z
      .number()
      .min(0)
      .max(1)
      .describe('p_M: probability that an individual that was not crossed is mutated.')
      .default(0.8),
    bitFlip: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe(
        "q_M: probability that a bit of a mutated individual flips (that a choice becomes another one); null: as many as make one expected change, which is the paper's 0.05 at its 19 bits.",
      )
      .default(null),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Model = {
  readonly generation: number;
  /** Scored individuals of this generation; those carried over unchanged are in from its start. */
  readonly members: readonly Member[];
  /** Unscored individuals not yet issued: slot and genotype (null: a uniform sample). */
  readonly open: readonly { readonly slot: number; readonly genotype: Json }[];
  /** Members issued in this generation whose result is awaited or infeasible. */
  readonly awaited: number;
};

/** Russian roulette: probability in proportion to the score above the generation's worst. */
const roulette = (members: readonly Member[], size: number, random: Random): readonly Member[] => {
  const worst = Math.min(...members.map(({ score }) => score));
  const weights = members.map(({ score }) => score - worst);
  const level = weights.every((weight) => weight === 0);
  return Array.from({ length: size }, () =>
    level ? random.pick(members) : (members[drawIndex(weights, random)] as Member),
  );
};

type Breeding = StrategyContext<Options> & { readonly random: Random };

/** §3.2.3: each bit flips for itself, so that an individual may stay as it is. */
const mutated = (genotype: Json, { space, options: { bitFlip }, random }: Breeding): Json => {
  const { decisions } = space;
  if (decisions === undefined) return space.mutate(genotype, random);
  const choices = decisions.toChoices(genotype);
  const probability = bitFlip ?? 1 / choices.length;
  const flipped = choices.map((choice, i) => {
    const size = decisions.sizes[i] as number;
    if (size < 2 || random.uniform() >= probability) return choice;
    return (choice + 1 + random.int(size - 1)) % size;
  });
  if (flipped.every((choice, i) => choice === choices[i])) return genotype;
  return decisions.fromChoices(flipped) ?? space.mutate(genotype, random);
};

/** §3.2.3: corresponding stages of two individuals change places; what one gets the other gives. */
const exchanged = (
  a: Json,
  b: Json,
  { space, options: { stageExchange }, random }: Breeding,
): readonly [Json, Json] => {
  const { decisions } = space;
  const whole = (): readonly [Json, Json] => [space.crossover(a, b, random), space.crossover(b, a, random)];
  if (decisions === undefined) return whole();
  const firsts = decisions.stages ?? decisions.sizes.map((_, i) => i);
  const swaps = firsts.map(() => random.uniform() < stageExchange);
  if (!swaps.includes(true)) return [a, b];
  const [left, right] = [decisions.toChoices(a), decisions.toChoices(b)];
  const swapped = left.map((_, i) => swaps[firsts.findLastIndex((first) => first <= i)] === true);
  const [first, second] = [
    decisions.fromChoices(left.map((choice, i) => (swapped[i] ? (right[i] as number) : choice))),
    decisions.fromChoices(right.map((choice, i) => (swapped[i] ? (left[i] as number) : choice))),
  ];
  return first === undefined || second === undefined ? whole() : [first, second];
};

const breed = (model: Model, context: Breeding): Model => {
  const { space, options: o, random } = context;
  if (model.members.length === 0) return { ...model, open: fresh(o.populationSize), awaited: 0 };
  const parents = roulette(model.members, o.populationSize, random);
  const members: Member[] = [];
  const open: { slot: number; genotype: Json }[] = [];
  const known = new Map(model.members.map((member) => [JSON.stringify(member.genotype), member.score]));
  const place = (slot: number, genotype: Json): void => {
    const score = known.get(JSON.stringify(genotype));
    if (score === undefined) open.push({ slot, genotype });
    else members.push({ genotype, score });
  };
  for (let i = 0; i < parents.length; i += 2) {
    const [a, b] = [parents[i] as Member, parents[i + 1]];
    if (b !== undefined && random.uniform() < o.crossoverProbability) {
      const [first, second] = exchanged(a.genotype, b.genotype, context);
      place(i, first);
      place(i + 1, second);
      continue;
    }
    for (const [k, parent] of [a, b].entries())
      if (parent !== undefined)
        place(
          i + k,
          random.uniform() < o.mutationProbability ? mutated(parent.genotype, context) : parent.genotype,
        );
  }
  // A generation that changed nobody would end the search: one individual is mutated then.
  if (open.length === 0)
    open.push({ slot: 0, genotype: space.mutate((parents[0] as Member).genotype, random) });
  return { generation: model.generation + 1, members, open, awaited: 0 };
};

const fresh = (size: number): Model['open'] =>
  Array.from({ length: size }, (_, slot) => ({ slot, genotype: null }));

/**
 * Genetic algorithm in generations. Xie & Yuille 2017, "Genetic CNN", §3.2 and Algorithm 1: roulette over the
 * score above the worst, exchange of stages in adjacent pairs, flips of bits in those not crossed; N = 20,
 * p_C = q_C = 0.2, p_M = 0.8 and q_M = 0.05 as for CIFAR-10 there. Deviations: an individual that the
 * generation before had keeps its score, where the paper trains every one again and takes the mean; a
 * generation that changes nobody gets one mutant; generations wait for their last result, and infeasible
 * individuals leave no parent. In other spaces than the paper's every choice is a stage and a bit; where
 * genotypes are no list of choices, or the list would be invalid, the space's own crossover and mutation take
 * over.
 */
export const genetic: StrategyDefinition<Options, Model> = {
  name: 'genetic',
  source: 'Xie & Yuille 2017, "Genetic CNN", §3.2, Algorithm 1',
  repeats:
    'Xie & Yuille 2017, Algorithm 1: selection keeps copies of an individual, and no list of what was trained stands in the way',
  options,
  check: ({ options: { populationSize }, evaluations }) => {
    checkPopulation('populationSize', populationSize, evaluations);
    if (populationSize === 1 && evaluations > 1)
      throw inputError(
        'strategy.populationSize',
        populationSize,
        'at least 2: one individual has nobody to be selected against',
        'raise populationSize',
      );
  },
  init: ({ options }) => ({
    generation: 0,
    members: [],
    open: fresh(options.populationSize),
    awaited: 0,
  }),
  propose: ({ generation, open }, { space, random }) => {
    const [next] = open;
    return (
      next && {
        genotype: next.genotype ?? space.sample(random),
        note: { generation, slot: next.slot },
      }
    );
  },
  register: (model, { note }) => {
    const { generation, slot } = note as { generation: number; slot: number };
    return generation === model.generation
      ? { ...model, open: model.open.filter((other) => other.slot !== slot), awaited: model.awaited + 1 }
      : model;
  },
  learn: (model, results, context) =>
    results.reduce((at, { trial, score }) => {
      const { generation } = trial.note as { generation: number };
      if (generation !== at.generation) return at;
      const next = {
        ...at,
        awaited: at.awaited - 1,
        members: score === undefined ? at.members : [...at.members, { genotype: trial.genotype, score }],
      };
      return next.open.length === 0 && next.awaited === 0 ? breed(next, context) : next;
    }, model),
};
