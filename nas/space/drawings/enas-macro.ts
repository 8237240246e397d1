import type { ArchitectureGraph, Family, Operation } from './architecture-graph.ts';
import { MACRO_OPERATIONS, type EnasMacroGenotype, type MacroOperation } from '../enas-macro.ts';
import { operationGraph } from './operation-graph.ts';

const MACRO_FAMILY = {
  conv_3x3: 'convolution',
  sep_conv_3x3: 'separable',
  conv_5x5: 'convolution',
  sep_conv_5x5: 'separable',
  avg_pool_3x3: 'pool',
  max_pool_3x3: 'pool',
} as const satisfies Record<MacroOperation, Family>;

export const enasMacroGraph = (rows: EnasMacroGenotype): ArchitectureGraph =>
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
