import type { ArchitectureGraph, Family, GraphNode } from './architecture-graph.ts';
import type { CellEdge, CellGenotype, CellOperation } from '../cell-genotype.ts';
import { CELL_INPUTS, CELL_OUTPUT, type CellKind } from './cell-ends.ts';

const FAMILY = {
  none: 'none',
  skip_connect: 'identity',
  max_pool_3x3: 'pool',
  avg_pool_3x3: 'pool',
  sep_conv_3x3: 'separable',
  sep_conv_5x5: 'separable',
  sep_conv_7x7: 'separable',
  conv_7x1_1x7: 'rectangular',
  dil_conv_3x3: 'dilated',
  dil_conv_5x5: 'dilated',
} as const satisfies Record<CellOperation, Family>;

/** A cell's graph as the literature draws it: one box a node, its operations on the lines into it. */
export const cellArchitecture = (genotype: CellGenotype, kind: CellKind): ArchitectureGraph => {
  const edges = genotype[kind];
  return {
    name: kind,
    nodes: [
      ...CELL_INPUTS,
      ...Array.from({ length: edges.length / 2 }, (_, node): GraphNode => ({
        id: `s${node + 2}`,
        kind: 'state',
        label: String(node),
      })),
      CELL_OUTPUT,
    ],
    edges: [
      ...edges.map(([operation, input]: CellEdge, at) => ({
        from: `s${input}`,
        to: `s${Math.floor(at / 2) + 2}`,
        operation: { label: operation, family: FAMILY[operation] },
      })),
      ...genotype[`${kind}Concat`].map((state) => ({ from: `s${state}`, to: 'out' })),
    ],
  };
};
