import { z } from 'zod';
import { literalOf } from '../literal-of.ts';
import { nasRl } from '../nas-rl.ts';
import { defineSpace } from './definition.ts';

export const nasRlSpace = defineSpace('nas-rl', {
  task: 'image-classification',
  options: { depth: z.number().int().min(1).max(40).describe('Convolutional layers.').default(6) },
  make: ({ depth }) => nasRl(depth),
  // Its layers.
  toldOptions: (text) => {
    const layers = literalOf(text, 'a list of layers', 'genotype');
    return Array.isArray(layers) && layers.length > 0 ? { depth: layers.length } : {};
  },
});
