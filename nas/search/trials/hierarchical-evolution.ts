import { z } from 'zod';
import { checkPopulation, scoredMembers, sixthOf, type Member } from './population.ts';
import type { StrategyDefinition } from '../strategy.ts';

const options = (evaluations: number) =>
  z.strictObject({
    initial: z
      .number()
      .int()
      .min(1)
      .describe('Uniform samples that start the population (200 of 7,000 in the paper).')
      .default(sixthOf(evaluations, 1, 200)),
    tournamentShare: z
      .number()
      .gt(0)
      .max(1)
      .describe('Share of the population drawn for each tournament, of two members at least.')
      .default(0.05),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Model = { readonly population: readonly Member[] };

/**
 * Asynchronous tournament selection without deaths. Liu, Simonyan, Vinyals, Fernando & Kavukcuoglu 2018,
 * "Hierarchical Representations for Efficient Architecture Search", §3.2: a tournament of 5 % of the
 * population, the winner is mutated, offspring always joins. The whole population is kept, as there. The
 * rivals of a tournament are distinct members. Deviations: infeasible networks do not join; a tournament has
 * two rivals at least, where 5 % of the population are fewer and would select nobody; the population starts
 * with a sixth of a budget smaller than 1,200.
 */
export const hierarchicalEvolution: StrategyDefinition<Options, Model> = {
  name: 'hierarchical-evolution',
  source: 'Liu et al. 2018, "Hierarchical Representations for Efficient Architecture Search", §3.2',
  repeats: 'Liu et al. 2018, §3.2: a mutant is not compared with the population',
  options,
  check: ({ options: { initial }, evaluations }) => checkPopulation('initial', initial, evaluations),
  init: () => ({ population: [] }),
  propose: ({ population }, { space, options: { initial, tournamentShare }, ordinal, random }) => {
    if (ordinal < initial || population.length === 0) return { genotype: space.sample(random) };
    const size = Math.max(2, Math.round(tournamentShare * population.length));
    const rivals = random.sample(population, size);
    const winner = rivals.reduce((best, rival) => (rival.score > best.score ? rival : best));
    return { genotype: space.mutate(winner.genotype, random) };
  },
  learn: ({ population }, results) => ({
    population: [...population, ...scoredMembers(results)],
  }),
};
