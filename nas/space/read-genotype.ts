import type { Json } from '../core/json.ts';
import { chosenSpace, definitionOf, spaceSchema, type SpaceChoice } from './registry.ts';

interface ReadGenotype {
  readonly genotype: Json;
  /** In the space's own print. */
  readonly printed: string;
  /** Equal for genotypes that describe the same network. */
  readonly hash: string;
}

/**
 * Reads a genotype that networks of a space can be built from: in the DARTS space also cells of other sizes
 * and two further operations, which a search there does not use. Throws `InputError` naming the part.
 */
export const readGenotype = (space: SpaceChoice, text: string, field?: string): ReadGenotype => {
  const { parse, print, hash } = definitionOf(space.name).trained ?? chosenSpace(space);
  const genotype = parse(text, field);
  return { genotype, printed: print(genotype), hash: hash(genotype) };
};

/** Options of a space that differ from what it has without any. */
export const spaceOptions = (space: SpaceChoice): Readonly<Record<string, Json>> => {
  const plain = spaceSchema.parse({ name: space.name }) as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.entries(space).filter(([option, value]) => option !== 'name' && value !== plain[option]),
  );
};

/**
 * `smash, depth 6, width 4`: a space with those options, beside which a printed genotype can be read back.
 */
export const spaceText = (space: SpaceChoice): string =>
  [
    space.name,
    ...Object.entries(spaceOptions(space)).map(([name, value]) => `${name} ${String(value)}`),
  ].join(', ');
