import { z } from 'zod';
import { inputError } from '../protocol/input-error.ts';
import { checkPopulation, populationSize, scoredMembers, sixthOf, type Member } from './population.ts';
import type { StrategyContext, StrategyDefinition } from './strategy.ts';

/** P and S of the paper are 100 and 25 for 20,000 models; smaller budgets get a sixth of it, 50 at most. */
const options = (evaluations: number) => {
  return z.strictObject({
    /** P: members alive. */
    populationSize: populationSize(evaluations, 50),
    /** S: members drawn, with replacement, for each tournament. */
    tournamentSize: z
      .number()
      .int()
      .min(1)
      .default(Math.max(1, Math.round(0.3 * sixthOf(evaluations, 2, 50)))),
  });
};
type Options = z.infer<ReturnType<typeof options>>;

type Model = {
  /** Oldest first. */
  readonly population: readonly Member[];
};

const check = ({
  options: { populationSize, tournamentSize },
  evaluations,
}: StrategyContext<Options>): void => {
  checkPopulation('populationSize', populationSize, evaluations);
  if (tournamentSize > populationSize)
    throw inputError(
      'strategy.tournamentSize',
      tournamentSize,
      `at most populationSize = ${populationSize}`,
      'lower tournamentSize',
    );
};

/** Evolution by tournaments; `survivors` decides who leaves a population that has grown past its size. */
const evolution = (
  name: string,
  source: string,
  survivors: (population: readonly Member[], size: number) => readonly Member[],
): StrategyDefinition<Options, Model> => ({
  name,
  source,
  options,
  check,
  init: () => ({ population: [] }),
  propose: ({ population }, { space, options: { populationSize, tournamentSize }, ordinal, random }) => {
    if (ordinal < populationSize || population.length === 0) return { genotype: space.sample(random) };
    let parent = random.pick(population);
    for (let i = 1; i < tournamentSize; i++) {
      const rival = random.pick(population);
      if (rival.score > parent.score) parent = rival;
    }
    return { genotype: space.mutate(parent.genotype, random) };
  },
  learn: ({ population }, results, { options: { populationSize } }) => ({
    population: survivors([...population, ...scoredMembers(results)], populationSize),
  }),
});

/**
 * Aging evolution. Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search", §3 and
 * Algorithm 1: the population is a queue, the oldest dies. Asynchronous as there; infeasible networks never enter.
 */
export const regularizedEvolution = evolution(
  'regularized-evolution',
  'Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search", §3, Algorithm 1',
  (population, size) => population.slice(-size),
);

/** The non-aging variant of the same paper's comparison (§5, Figure 4): the worst member dies. */
export const nonAgingEvolution = evolution(
  'non-aging-evolution',
  'Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search", §5 (non-aging variant)',
  (population, size) => {
    const excess = population.length - size;
    if (excess <= 0) return population;
    const doomed = new Set([...population].sort((a, b) => a.score - b.score).slice(0, excess));
    return population.filter((member) => !doomed.has(member));
  },
);
