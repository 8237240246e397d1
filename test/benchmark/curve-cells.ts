import { randomFromSeed } from '../../nas/core/random.ts';
import { dartsCnn } from '../../nas/space/darts-cnn.ts';

export const CELLS = 40;
const EPOCHS = 64;

const random = randomFromSeed(3);
export const genotypes = Array.from({ length: CELLS }, () => dartsCnn.sample(random));

/** Cell i rises to 50 + i percent, and is ahead of every cell below it from the first epoch on. */
export const curves = genotypes.map((_, i) =>
  Array.from({ length: EPOCHS }, (_, epoch) => ((50 + i) * (epoch + 1)) / EPOCHS),
);

/** As some tools print it: the pairs of a node in a list of their own, and more around it. */
export const nested = genotypes.map((genotype) => {
  const pairs = dartsCnn.print(genotype).replaceAll(/(\('\w+', \d\), \('\w+', \d\))/g, '[$1]');
  return `("GENOTYPE=${pairs}", 0.5)`;
});

/** A table of learning curves, `acc` in percent. */
export const curvesJson = JSON.stringify({ n: CELLS, genotypes: nested, acc: curves, other: [[1, 2]] });
