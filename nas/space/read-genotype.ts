import type { Json } from '../core/json.ts';
import { hashCellGenotype } from './canonical-cell.ts';
import { parseCellGenotype, printCellGenotype } from './cell-genotype.ts';
import { parseEnasMacro } from './enas-macro.ts';
import { chosenSpace, spaceSchema, type SpaceChoice } from './space-schema.ts';

interface ReadGenotype {
  readonly genotype: Json;
  /** In the space's own print. */
  readonly printed: string;
  /** Equal for genotypes that describe the same network. */
  readonly hash: string;
}

/**
 * Reads a genotype that networks of a space can be built from: in the DARTS space also cells of other sizes and two further
 * operations, which a search there does not use. Throws `InputError` naming the part.
 */
export const readGenotype = (space: SpaceChoice, text: string, field?: string): ReadGenotype => {
  if (space.name === 'darts-cnn') {
    const genotype = parseCellGenotype(text, field);
    return { genotype, printed: printCellGenotype(genotype), hash: hashCellGenotype(genotype) };
  }
  const { parse, print, hash } = chosenSpace(space);
  const genotype = parse(text, field);
  return { genotype, printed: print(genotype), hash: hash(genotype) };
};

/** Options of a space that a genotype of it tells by its size. Throws `InputError` where it is none. */
export const toldOptions = (name: SpaceChoice['name'], text: string): Readonly<Record<string, Json>> =>
  name === 'enas-macro' ? { depth: parseEnasMacro(text).length } : {};

/** Options of a space that differ from what it has without any. */
export const spaceOptions = (space: SpaceChoice): Readonly<Record<string, Json>> => {
  const plain = spaceSchema.parse({ name: space.name }) as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.entries(space).filter(([option, value]) => option !== 'name' && value !== plain[option]),
  );
};
