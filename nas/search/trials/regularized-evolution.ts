import { z } from 'zod';
import { inputError } from '../../core/input-error.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import { checkPopulation, populationSize, sixthOf, type Member } from './population.ts';
import type { StrategyContext, StrategyDefinition, Trial } from '../strategy.ts';

/** P of the paper; smaller budgets start with a sixth of theirs. */
const LARGEST = 100;

const options = (evaluations: number) =>
  z.strictObject({
    populationSize: populationSize(evaluations, LARGEST).describe('P: members alive.'),
    tournamentSize: z
      .number()
      .int()
      .min(1)
      .describe('S: members drawn, with replacement, for each tournament; a quarter of P, as in the paper.')
      .default(Math.max(Math.min(2, evaluations), Math.round(sixthOf(evaluations, 2, LARGEST) / 4))),
    identity: z
      .number()
      .min(0)
      .max(1)
      .describe('Probability that a child is its parent unchanged (Methods Details).')
      .default(0.05),
  });
type Options = z.infer<ReturnType<typeof options>>;

/** A member and the ordinal of the trial that it comes from. */
type Individual = Member & { readonly ordinal: number };
type Population = readonly Individual[];

type Model = {
  /** In the order in which their results were learnt. */
  readonly population: Population;
};

/** Ordinals of the members of the tournament that a child comes from; a random network has none. */
type Note = { readonly tournament: readonly number[] } | null;

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

/** Who leaves the population when a child enters it that was made of `tournament`. */
type Death = (
  population: Population,
  child: Trial,
  context: StrategyContext<Options>,
) => Individual | undefined;

/**
 * Evolution by tournaments; `noteOf` is what `death` needs to know of the tournament when the child returns.
 */
const evolution = (
  name: string,
  source: string,
  death: Death,
  noteOf: (tournament: Population) => Note,
): StrategyDefinition<Options, Model> => ({
  name,
  source,
  options,
  repeats: 'Real et al. 2019, Algorithm 1: a child is not compared with earlier networks',
  check,
  init: () => ({ population: [] }),
  propose: (
    { population },
    { space, options: { populationSize, tournamentSize, identity }, ordinal, random },
  ) => {
    if (ordinal < populationSize || population.length === 0) return { genotype: space.sample(random) };
    const tournament = Array.from({ length: tournamentSize }, () => random.pick(population));
    const parent = tournament.reduce((best, rival) => (rival.score > best.score ? rival : best));
    const genotype = random.uniform() < identity ? parent.genotype : space.mutate(parent.genotype, random);
    return { genotype, note: noteOf(tournament) };
  },
  learn: (model, results, context) =>
    results.reduce(({ population }, { trial, score }) => {
      if (score === undefined) return { population };
      const child = { genotype: trial.genotype, score, ordinal: trial.ordinal };
      const dead =
        population.length < context.options.populationSize ? undefined : death(population, trial, context);
      return { population: [...population.filter((member) => member !== dead), child] };
    }, model),
});

const PAPER = 'Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search"';

/**
 * Aging evolution. Real, Aggarwal, Huang & Le 2019, "Regularized Evolution for Image Classifier Architecture
 * Search", Algorithm 1 and Methods Details: the population is a queue, the oldest dies. Asynchronous as
 * there: who was trained earliest is who was told earliest. P = 100 and S = 25 for 20,000 models, identity
 * 0.05 of the mutations. Deviations: infeasible networks never enter; a child equal to an earlier network
 * shares its score instead of being trained anew; smaller budgets get a smaller P. The mutation is the
 * space's: in `nasnet` a uniformly drawn cell, block and part of it, so that hidden states and operations
 * change equally often as in the paper; that space has thirteen operations and add or concat where the paper
 * has eight and add alone, so one mutation in five changes a combination, and an operation is always replaced
 * by another one.
 */
export const regularizedEvolution = evolution(
  'regularized-evolution',
  `${PAPER}, Algorithm 1`,
  ([oldest]) => oldest,
  () => null,
);

/**
 * The non-aging variant of the same paper's comparison (Methods, Evolutionary Algorithm): the worst of the
 * tournament that the child's parent won dies. Where trials run in parallel that tournament may have died
 * meanwhile in part: the worst of those alive dies then, or of a new tournament where none is.
 */
export const nonAgingEvolution = evolution(
  'non-aging-evolution',
  `${PAPER}, Evolutionary Algorithm (non-aging)`,
  (population, { note, ordinal }, { seed, options: { tournamentSize } }) => {
    const drawn = new Set((note as Note)?.tournament);
    const alive = population.filter((member) => drawn.has(member.ordinal));
    const random = randomFromSeed(deriveSeed(seed, 'non-aging-evolution', 'death', ordinal));
    const candidates =
      alive.length > 0 ? alive : Array.from({ length: tournamentSize }, () => random.pick(population));
    return candidates.reduce((worst, member) => (member.score < worst.score ? member : worst));
  },
  (tournament) => ({
    tournament: [...new Set(tournament.map((member) => member.ordinal))].sort((a, b) => a - b),
  }),
);
