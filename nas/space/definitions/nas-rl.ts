import { z } from 'zod';
import { nasRl } from '../nas-rl.ts';
import { defineSpace } from './definition.ts';
import { nasRlGraph } from './nas-rl-graph.ts';

export const nasRlSpace = defineSpace('nas-rl', {
  options: { depth: z.number().int().min(1).max(40).describe('Convolutional layers.').default(6) },
  make: ({ depth }) => nasRl(depth),
  graphs: (genotype) => [nasRlGraph(genotype)],
});
