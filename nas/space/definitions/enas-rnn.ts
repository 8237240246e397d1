import { z } from 'zod';
import { ENAS_RNN_ACTIVATIONS, enasRnn, parseEnasRnn, PUBLISHED_ENAS_RNN } from '../enas-rnn.ts';
import { defineSpace } from './definition.ts';

export const enasRnnSpace = defineSpace('enas-rnn', {
  task: 'language-modelling',
  options: {
    depth: z.number().int().min(2).max(25).describe('Nodes of every cell, the first included.').default(12),
    activations: z
      .number()
      .int()
      .min(1)
      .max(ENAS_RNN_ACTIVATIONS.length)
      .describe(
        `The first so many of ${ENAS_RNN_ACTIVATIONS.join(', ')}; the search as released samples 2 (main.py:143).`,
      )
      .default(ENAS_RNN_ACTIVATIONS.length),
  },
  make: ({ depth, activations }) => enasRnn(depth, activations),
  uniform: true,
  toldOptions: (text) => ({ depth: (parseEnasRnn(text).length + 1) / 2 }),
  published: () => PUBLISHED_ENAS_RNN,
  // melodyguan/enas at 4bcfd73b, scripts/ptb_final.sh:18.
  publishedSize: { embedding: 748 },
  sharesWeights: { by: 'children', statistics: ['running'] },
});
