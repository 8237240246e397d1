import type { Json } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import type { Decisions, Space } from './space.ts';

/**
 * The operations of a space whose genotypes are exactly the lists of `decisions.sizes.length` free choices.
 */
type CategoricalParts<G extends Json> = Pick<
  Space<G>,
  'sample' | 'mutate' | 'crossover' | 'neighbours' | 'encode' | 'decisions'
>;

/** `choices` with entry `at` replaced. */
export const withChoice = (choices: readonly number[], at: number, choice: number): readonly number[] =>
  choices.map((old, i) => (i === at ? choice : old));

/** One-hot code of the choices, concatenated. */
export const oneHot = (sizes: readonly number[], choices: readonly number[]): readonly number[] =>
  sizes.flatMap((size, i) => Array.from({ length: size }, (_, option) => (choices[i] === option ? 1 : 0)));

/** A uniformly chosen option of decision `at` other than the present one; `sizes[at]` must be at least 2. */
const otherOption = (sizes: readonly number[], choices: readonly number[], at: number, random: Random) => {
  const option = random.int((sizes[at] as number) - 1);
  return option >= (choices[at] as number) ? option + 1 : option;
};

/**
 * Sampling, mutation (one decision changes), uniform crossover, neighbours (Hamming distance 1) and one-hot
 * code of a space without constraints between its choices.
 */
export const categorical = <G extends Json>(
  sizes: readonly number[],
  labels: readonly string[],
  toChoices: (genotype: G) => readonly number[],
  fromChoices: (choices: readonly number[]) => G,
): CategoricalParts<G> & { readonly decisions: Decisions<G> } => ({
  decisions: { sizes, labels, toChoices, fromChoices },
  sample: (random) => fromChoices(sizes.map((size) => random.int(size))),
  mutate: (genotype, random) => {
    const choices = toChoices(genotype);
    const at = random.int(sizes.length);
    return fromChoices(withChoice(choices, at, otherOption(sizes, choices, at, random)));
  },
  crossover: (a, b, random) => {
    const [left, right] = [toChoices(a), toChoices(b)];
    return fromChoices(left.map((choice, i) => (random.int(2) === 0 ? choice : (right[i] as number))));
  },
  neighbours: (genotype) => {
    const choices = toChoices(genotype);
    return sizes.flatMap((size, at) =>
      Array.from({ length: size }, (_, option) => option)
        .filter((option) => option !== choices[at])
        .map((option) => fromChoices(withChoice(choices, at, option))),
    );
  },
  encode: (genotype) => oneHot(sizes, toChoices(genotype)),
});
