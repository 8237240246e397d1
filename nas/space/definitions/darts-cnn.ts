import { hashCellGenotype } from '../canonical-cell.ts';
import { parseCellGenotype, printCellGenotype } from '../cell-genotype.ts';
import { dartsCnn } from '../darts-cnn.ts';
import { PUBLISHED_CELLS, publishedCell } from '../published-cells.ts';
import { defineSpace } from './definition.ts';

export const dartsCnnSpace = defineSpace('darts-cnn', {
  task: 'image-classification',
  options: {},
  make: () => dartsCnn,
  uniform: true,
  // Cells of other sizes and two further operations can be trained, which a search here does not use.
  trained: { parse: parseCellGenotype, print: printCellGenotype, hash: hashCellGenotype },
  published: () =>
    Object.fromEntries(PUBLISHED_CELLS.map((name) => [name, printCellGenotype(publishedCell(name))])),
  sharesWeights: { by: 'edges', statistics: ['running', 'batch'] },
  publishedSize: { channels: 36, layers: 20 },
});
