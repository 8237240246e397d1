import type { GraphNode } from './architecture-graph.ts';

export const CELL_KINDS = ['normal', 'reduce'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

/** The two previous cells, and the output of this one. */
export const CELL_INPUTS: readonly GraphNode[] = ['c_{k-2}', 'c_{k-1}'].map((label, i) => ({
  id: `s${i}`,
  kind: 'input',
  label,
}));
export const CELL_OUTPUT: GraphNode = { id: 'out', kind: 'output', label: 'c_{k}' };
