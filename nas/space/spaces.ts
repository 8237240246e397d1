import type { Json } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import type { Space } from './space.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Cell } from '../protocol/plan.ts';
import { chosenSpace } from './space-schema.ts';

/** A space as the protocol needs it: genotypes in print, cells with their canonical hash. */
interface PrintedSpace {
  /** Throws `InputError` when the genotype is not of this space. */
  hash(genotype: string): string;
  sample(random: Random): Cell;
}

const printed = <G extends Json>(space: Space<G>): PrintedSpace => ({
  hash: (genotype) => space.hash(space.parse(genotype)),
  sample: (random) => {
    const genotype = space.sample(random);
    return { genotype: space.print(genotype), hash: space.hash(genotype) };
  },
});

export const spaceOf = (experiment: Pick<Experiment, 'space'>): PrintedSpace =>
  printed(chosenSpace(experiment.space));
