import { deriveSeed, randomFromSeed } from '../core/random.ts';
import { definitionOf } from '../space/registry.ts';
import type { Experiment } from './experiment.ts';
import { inputError } from '../core/input-error.ts';
import { suggestion } from '../core/nearest.ts';
import { readGenotype } from '../space/read-genotype.ts';
import { spaceOf, type Cell } from '../space/spaces.ts';

const RANDOM = 'random';

/** A printed genotype as a cell of the space. */
const printedCell = (experiment: Experiment, text: string, field: string): Cell => {
  const { printed, hash } = readGenotype(experiment.space, text, field);
  return { genotype: printed, hash };
};

/**
 * The cell of an experiment whose strategy is `given`. Throws `InputError` naming `field` for what is neither
 * a published name of the space, nor a genotype of it, nor `random`.
 */
export const givenCell = (experiment: Experiment, field = 'genotype'): Cell => {
  const { stages } = experiment;
  const genotype = (experiment.genotype ?? '').trim();
  if (genotype === RANDOM)
    return spaceOf(experiment.space).sample(
      randomFromSeed(deriveSeed(stages.search.seeds[0] as number, 'given-cell')),
    );
  const published = definitionOf(experiment.space.name).published();
  const text = Object.hasOwn(published, genotype) ? published[genotype] : undefined;
  if (text !== undefined) return printedCell(experiment, text, field);
  // A name is one word; anything else is meant as a genotype, whose own error says more.
  if (genotype !== '' && !/^\W?[A-Za-z][^\s([{|]*$/.test(genotype))
    return printedCell(experiment, genotype, field);
  const names = [...Object.keys(published), RANDOM];
  throw inputError(
    field,
    experiment.genotype ?? null,
    `${names.join(', ')}, or a printed genotype of ${experiment.space.name}`,
    suggestion(genotype, names, 'nas genotype show prints the cell of a run'),
  );
};
