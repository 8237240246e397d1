import { enasMicro, microToCells } from '../enas-micro.ts';
import { PUBLISHED_ENAS } from '../published-enas.ts';
import { CELL_KINDS } from './cell-ends.ts';
import { cellArchitecture } from './cell-graph.ts';
import { defineSpace } from './definition.ts';

export const enasMicroSpace = defineSpace('enas-micro', {
  task: 'image-classification',
  options: {},
  make: () => enasMicro,
  published: () => PUBLISHED_ENAS.micro,
  graphs: (genotype) => CELL_KINDS.map((kind) => cellArchitecture(microToCells(genotype), kind)),
});
