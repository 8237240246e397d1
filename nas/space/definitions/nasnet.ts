import { nasnet } from '../nasnet.ts';
import { PUBLISHED_NASNET } from '../published-nasnet.ts';
import { CELL_KINDS } from './cell-ends.ts';
import { defineSpace } from './definition.ts';
import { nasnetGraph } from './nasnet-graph.ts';

export const nasnetSpace = defineSpace('nasnet', {
  task: 'image-classification',
  options: {},
  make: () => nasnet,
  published: () => PUBLISHED_NASNET,
  graphs: (genotype) => CELL_KINDS.map((kind) => nasnetGraph(genotype, kind)),
});
