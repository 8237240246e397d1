import { z } from 'zod';
import { enasMacro, parseEnasMacro } from '../enas-macro.ts';
import { PUBLISHED_ENAS } from '../published-enas.ts';
import { defineSpace } from './definition.ts';

export const enasMacroSpace = defineSpace('enas-macro', {
  task: 'image-classification',
  options: {
    depth: z
      .number()
      .int()
      .min(3)
      .max(40)
      .describe('Layers of every network; `network.layers` is not read.')
      .default(12),
  },
  make: ({ depth }) => enasMacro(depth),
  toldOptions: (text) => ({ depth: parseEnasMacro(text).length }),
  published: () => PUBLISHED_ENAS.macro,
  sharesWeights: { by: 'children', statistics: ['running', 'batch'] },
});
