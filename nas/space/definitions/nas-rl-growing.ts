import { nasRlGrowing } from '../nas-rl.ts';
import { defineSpace } from './definition.ts';
import { nasRlGraph } from './nas-rl-graph.ts';

export const nasRlGrowingSpace = defineSpace('nas-rl-growing', {
  task: 'image-classification',
  options: {},
  make: () => nasRlGrowing(),
  graphs: (genotype) => [nasRlGraph(genotype)],
});
