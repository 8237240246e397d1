import type { Json } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import type { Decisions, Space } from './space.ts';

/** Listed genotypes that count as one edit away. */
const NEIGHBOURS = 8;

const manhattan = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0);

const differing = (a: readonly number[], b: readonly number[]): number =>
  a.filter((value, i) => value !== b[i]).length;

/** The index that is nearest to zero by `distance`, the earlier of equals. */
const nearest = (count: number, distance: (index: number) => number): number => {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const here = distance(index);
    if (here < least) [best, least] = [index, here];
  }
  return best;
};

/**
 * The part of a space that a benchmark lists: samples are uniform over the list; a mutation goes to one of
 * the 8 listed genotypes that are nearest by encoding; a crossover is one of its parents; choices mean the
 * listed genotype that differs in the fewest of them. Names, forms and hashes are the whole space's.
 *
 * @throws InputError if no more than 8 genotypes, or one twice, are listed.
 */
export const listedSpace = <G extends Json>(whole: Space<G>, genotypes: readonly G[]): Space<G> => {
  const hashes = genotypes.map((genotype) => whole.hash(genotype));
  const places = new Map(hashes.map((hash, i) => [hash, i]));
  if (genotypes.length <= NEIGHBOURS || places.size < genotypes.length)
    throw inputError(
      'architectures',
      genotypes.length,
      `more than ${NEIGHBOURS}, each once`,
      'list the architectures of the benchmark',
    );
  const encoded = genotypes.map((genotype) => whole.encode(genotype));
  const placeOf = (genotype: G): number => places.get(whole.hash(genotype)) as number;
  const near = new Map<number, readonly G[]>();
  const neighbours = (genotype: G): readonly G[] => {
    const place = placeOf(genotype);
    const known = near.get(place);
    if (known !== undefined) return known;
    const from = encoded[place] as readonly number[];
    const found = encoded
      .map((to, index) => ({ index, distance: manhattan(from, to) }))
      .filter(({ index }) => index !== place)
      .sort((a, b) => a.distance - b.distance || a.index - b.index)
      .slice(0, NEIGHBOURS)
      .map(({ index }) => genotypes[index] as G);
    near.set(place, found);
    return found;
  };
  const decisions = whole.decisions;
  const chosen = decisions && genotypes.map((genotype) => decisions.toChoices(genotype));
  const listed = (genotype: G, field: string): G => {
    if (!places.has(whole.hash(genotype)))
      throw inputError(
        field,
        whole.print(genotype),
        `one of the ${genotypes.length} architectures of ${whole.name} that the benchmark lists`,
        'name a listed one',
      );
    return genotype;
  };
  const description = whole.describe();
  return {
    name: whole.name,
    source: whole.source,
    sample: (random) => random.pick(genotypes),
    mutate: (genotype, random) => random.pick(neighbours(genotype)),
    crossover: (a, b, random) => (random.int(2) === 0 ? a : b),
    neighbours,
    encode: (genotype) => whole.encode(genotype),
    validate: (value, field = 'genotype') => listed(whole.validate(value, field), field),
    print: (genotype) => whole.print(genotype),
    parse: (text, field = 'genotype') => listed(whole.parse(text, field), field),
    hash: (genotype) => whole.hash(genotype),
    describe: () => ({
      ...description,
      size: genotypes.length,
      lines: [...description.lines, `of these, the ${genotypes.length} that a benchmark lists`],
    }),
    ...(decisions &&
      chosen && {
        decisions: {
          ...decisions,
          fromChoices: (choices) =>
            genotypes[
              nearest(genotypes.length, (index) => differing(choices, chosen[index] as readonly number[]))
            ],
        } satisfies Decisions<G>,
      }),
  };
};
