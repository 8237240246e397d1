import type { Json } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import type { Space } from './space.ts';
import { chosenSpace, type SpaceChoice } from './registry.ts';

/** A printed genotype with its canonical hash. */
export interface Cell {
  readonly genotype: string;
  readonly hash: string;
}

/** A space as the protocol needs it: genotypes in print, cells with their canonical hash. */
export interface PrintedSpace {
  /** Throws `InputError` when the genotype is not of this space. */
  hash(genotype: string): string;
  sample(random: Random): Cell;
}

export const printedSpace = <G extends Json>(space: Space<G>): PrintedSpace => ({
  hash: (genotype) => space.hash(space.parse(genotype)),
  sample: (random) => {
    const genotype = space.sample(random);
    return { genotype: space.print(genotype), hash: space.hash(genotype) };
  },
});

export const spaceOf = (choice: SpaceChoice): PrintedSpace => printedSpace(chosenSpace(choice));
