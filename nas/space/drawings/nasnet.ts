import type { ArchitectureGraph, Family, GraphEdge, GraphNode } from './architecture-graph.ts';
import { nasnetOutputs, type NasnetGenotype, type NasnetOperation } from '../nasnet.ts';
import { CELL_INPUTS, CELL_OUTPUT, type CellKind } from './cell-ends.ts';

const NASNET_FAMILY = {
  identity: 'identity',
  conv_1x3_3x1: 'rectangular',
  conv_1x7_7x1: 'rectangular',
  dil_conv_3x3: 'dilated',
  avg_pool_3x3: 'pool',
  max_pool_3x3: 'pool',
  max_pool_5x5: 'pool',
  max_pool_7x7: 'pool',
  conv_1x1: 'convolution',
  conv_3x3: 'convolution',
  sep_conv_3x3: 'separable',
  sep_conv_5x5: 'separable',
  sep_conv_7x7: 'separable',
} as const satisfies Record<NasnetOperation, Family>;

/** One cell: a box a block, named by how it combines. */
export const nasnetGraph = (genotype: NasnetGenotype, kind: CellKind): ArchitectureGraph => {
  const blocks = genotype[kind];
  return {
    name: kind,
    nodes: [
      ...CELL_INPUTS,
      ...blocks.map(([, , , , combination], b): GraphNode => ({
        id: `s${b + 2}`,
        kind: 'state',
        label: combination,
      })),
      CELL_OUTPUT,
    ],
    edges: [
      ...blocks.flatMap(([first, second, f, g], b): readonly GraphEdge[] =>
        (
          [
            [first, f],
            [second, g],
          ] as const
        ).map(([state, label]) => ({
          from: `s${state}`,
          to: `s${b + 2}`,
          operation: { label, family: NASNET_FAMILY[label] },
        })),
      ),
      ...nasnetOutputs(genotype, kind).map((state) => ({ from: `s${state}`, to: 'out' })),
    ],
  };
};
