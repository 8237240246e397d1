import { z } from 'zod';
import type { Json } from '../json.ts';
import type { Random } from '../random.ts';
import { drawIndex } from './factorised-policy.ts';
import { checkPopulation, populationSize, type Member } from './population.ts';
import type { StrategyContext, StrategyDefinition } from './strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    /** N: individuals in a generation. */
    populationSize: populationSize(evaluations, 20),
    /** p_C: probability that an adjacent pair is crossed. */
    crossoverProbability: z.number().min(0).max(1).default(0.2),
    /** p_M: probability that an individual that was not crossed is mutated. */
    mutationProbability: z.number().min(0).max(1).default(0.8),
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

const breed = (model: Model, context: StrategyContext<Options> & { readonly random: Random }): Model => {
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
      place(i, space.crossover(a.genotype, b.genotype, random));
      place(i + 1, space.crossover(b.genotype, a.genotype, random));
      continue;
    }
    for (const [k, parent] of [a, b].entries())
      if (parent !== undefined)
        place(
          i + k,
          random.uniform() < o.mutationProbability ? space.mutate(parent.genotype, random) : parent.genotype,
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
 * Genetic algorithm in generations. Xie & Yuille 2017, "Genetic CNN", §3.2 and Algorithm 1: roulette over the score
 * above the worst, crossover of adjacent pairs, mutation of those not crossed; p_C = 0.2 and p_M = 0.8 as for
 * CIFAR-10 there. Deviations: crossover and mutation are the space's own; an individual that nothing changed keeps its
 * score instead of being trained again. Generations wait for their last result; infeasible individuals leave no parent.
 */
export const genetic: StrategyDefinition<Options, Model> = {
  name: 'genetic',
  source: 'Xie & Yuille 2017, "Genetic CNN", §3.2, Algorithm 1',
  options,
  check: ({ options, evaluations }) => checkPopulation('populationSize', options.populationSize, evaluations),
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
