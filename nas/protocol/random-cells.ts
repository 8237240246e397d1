import { deriveSeed, randomFromSeed } from '../core/random.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Cell, PrintedSpace } from '../space/spaces.ts';

/**
 * Draws without a new cell after which the stream ends: a small space is used up, or few cells are within the
 * limits.
 */
const FRUITLESS_DRAWS = 10_000;

/**
 * The random search's stream of distinct cells that the search could have found as well. Random searches
 * against different searches draw from streams of their own.
 */
export function* randomCells(
  { stages }: Pick<Experiment, 'stages'>,
  space: PrintedSpace,
  isBeyondLimits: (genotype: string) => boolean,
  search?: number,
): Generator<Cell> {
  const purpose = search === undefined ? [] : [search];
  const random = randomFromSeed(deriveSeed(stages.evaluate.baselineSeed, 'baseline-cells', ...purpose));
  const seen = new Set<string>();
  for (let fruitless = 0; fruitless < FRUITLESS_DRAWS; fruitless++) {
    const cell = space.sample(random);
    if (seen.has(cell.hash)) continue;
    seen.add(cell.hash);
    if (isBeyondLimits(cell.genotype)) continue;
    yield cell;
    fruitless = 0;
  }
}
