import { z } from 'zod';
import { nasBench101 } from '../nas-bench-101.ts';
import { defineSpace } from './definition.ts';

export const nasBench101Space = defineSpace('nas-bench-101', {
  task: 'image-classification',
  options: {
    maxVertices: z
      .number()
      .int()
      .min(3)
      .max(7)
      .describe('Vertices of a cell at most, input and output included.')
      .default(7),
  },
  make: ({ maxVertices }) => nasBench101(maxVertices),
});
