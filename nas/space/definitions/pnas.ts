import { pnas, pnasAsNasnet } from '../pnas.ts';
import { PUBLISHED_PNAS } from '../published-nasnet.ts';
import { defineSpace } from './definition.ts';
import { nasnetGraph } from './nasnet-graph.ts';

export const pnasSpace = defineSpace('pnas', {
  task: 'image-classification',
  options: {},
  make: () => pnas,
  published: () => PUBLISHED_PNAS,
  graphs: (genotype) => [{ ...nasnetGraph(pnasAsNasnet(genotype), 'normal'), name: 'cell' }],
});
