import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import type { Random } from '../../core/random.ts';
import { crowdingDistances, nonDominatedRanks } from './pareto.ts';
import type { Objectives } from './pareto.ts';
import { checkPopulation, populationSize } from './population.ts';
import type { StrategyDefinition } from '../strategy.ts';

/** The paper's 40 of 1,200 networks; smaller budgets get a sixth. */
const options = (evaluations: number) =>
  z.strictObject({
    populationSize: populationSize(evaluations, 40).describe('Networks of the population.'),
    minimise: z
      .array(z.string())
      .min(1)
      .describe('Measures that are to be small, besides the score that is to be high.')
      .default(['multiplyAdds']),
    crossover: z.number().min(0).max(1).describe('Probability that a child has two parents.').default(0.9),
  });
type Options = z.infer<ReturnType<typeof options>>;

type Member = { readonly genotype: Json; readonly objectives: Objectives };
type Model = { readonly population: readonly Member[] };

interface Standing {
  readonly rank: number;
  readonly crowding: number;
}

const standings = (population: readonly Member[]): readonly Standing[] => {
  const points = population.map(({ objectives }) => objectives);
  const ranks = nonDominatedRanks(points);
  const crowding = crowdingDistances(points, ranks);
  return population.map((_, i) => ({ rank: ranks[i] as number, crowding: crowding[i] as number }));
};

/** Lower rank, then the less crowded. */
const compare = (a: Standing, b: Standing): number =>
  a.rank - b.rank || (a.crowding === b.crowding ? 0 : b.crowding - a.crowding);

/** The winner of a tournament of two. */
const select = (population: readonly Member[], standing: readonly Standing[], random: Random): Json => {
  const [a, b] = [random.int(population.length), random.int(population.length)];
  const winner = compare(standing[a] as Standing, standing[b] as Standing) <= 0 ? a : b;
  return (population[winner] as Member).genotype;
};

/** The best by standing, in their order of arrival. */
const survivors = (population: readonly Member[], size: number): readonly Member[] => {
  if (population.length <= size) return population;
  const standing = standings(population);
  const kept = new Set(
    population
      .map((_, i) => i)
      .sort((a, b) => compare(standing[a] as Standing, standing[b] as Standing) || a - b)
      .slice(0, size),
  );
  return population.filter((_, i) => kept.has(i));
};

/**
 * Multi-objective search by NSGA-II. Lu et al. 2019, "NSGA-Net", §3: tournaments by non-dominated rank and
 * crowding distance, crossover, mutation, elitist survival; objectives are the score and, to be minimised,
 * measures such as multiply-adds. Deviations: steady-state instead of generational (Durillo et al. 2010), so
 * that no slot waits for a generation; crossover and mutation are the space's; no second phase by a Bayesian
 * network. An infeasible network never enters, nor one that lacks a measure.
 */
export const nsgaNet: StrategyDefinition<Options, Model> = {
  name: 'nsga-net',
  source:
    'Lu et al. 2019, "NSGA-Net: Neural Architecture Search using Multi-Objective Genetic Algorithm", §3; Deb et al. 2002',
  repeats: 'Lu et al. 2019, §3.1: offspring are not compared with earlier generations',
  options,
  multiObjective: true,
  check: ({ options, evaluations }) => checkPopulation('populationSize', options.populationSize, evaluations),
  init: () => ({ population: [] }),
  propose: ({ population }, { space, options: { populationSize, crossover }, ordinal, random }) => {
    if (ordinal < populationSize || population.length === 0) return { genotype: space.sample(random) };
    const standing = standings(population);
    const mother = select(population, standing, random);
    const child =
      random.uniform() < crossover
        ? space.crossover(mother, select(population, standing, random), random)
        : mother;
    return { genotype: space.mutate(child, random) };
  },
  learn: ({ population }, results, { options: { populationSize, minimise } }) => ({
    population: survivors(
      [
        ...population,
        ...results.flatMap(({ trial, score, measures }): Member[] => {
          const costs = minimise.map((name) => measures?.[name]);
          if (score === undefined || costs.includes(undefined)) return [];
          // 0 − cost: JSON has no −0.
          return [
            { genotype: trial.genotype, objectives: [score, ...costs.map((cost) => 0 - (cost as number))] },
          ];
        }),
      ],
      populationSize,
    ),
  }),
};
