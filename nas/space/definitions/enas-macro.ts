import { z } from 'zod';
import type { ArchitectureGraph, Family, Operation } from '../architecture-graph.ts';
import {
  enasMacro,
  MACRO_OPERATIONS,
  parseEnasMacro,
  type EnasMacroGenotype,
  type MacroOperation,
} from '../enas-macro.ts';
import { PUBLISHED_ENAS } from '../published-enas.ts';
import { defineSpace } from './definition.ts';
import { operationGraph } from './operation-graph.ts';

const MACRO_FAMILY = {
  conv_3x3: 'convolution',
  sep_conv_3x3: 'separable',
  conv_5x5: 'convolution',
  sep_conv_5x5: 'separable',
  avg_pool_3x3: 'pool',
  max_pool_3x3: 'pool',
} as const satisfies Record<MacroOperation, Family>;

const enasMacroGraph = (rows: EnasMacroGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    rows.map(([operation]): Operation => {
      const label = MACRO_OPERATIONS[operation as number] as MacroOperation;
      return { label, family: MACRO_FAMILY[label] };
    }),
    [
      ...rows.map(([, ...skips], i) => [i, ...skips.flatMap((bit, j) => (bit === 1 ? [j] : []))]),
      [rows.length],
    ],
    ['stem', 'softmax'],
  );

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
  graphs: (genotype) => [enasMacroGraph(genotype)],
});
