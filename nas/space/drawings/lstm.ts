import type { LstmGenotype } from '../lstm.ts';
import type { ArchitectureGraph, GraphNode } from './architecture-graph.ts';

/** The stack: a vertex a layer, each with a state of its own. */
export const lstmGraph = ({ layers, hidden }: LstmGenotype): ArchitectureGraph => {
  const stack = Array.from({ length: layers }, (_, layer): GraphNode => ({
    id: `l${layer}`,
    kind: 'operation',
    label: layer === layers - 1 ? 'LSTM' : `LSTM ${hidden}`,
    family: 'dense',
  }));
  const ids = ['x', ...stack.map(({ id }) => id), 'out'];
  return {
    name: 'network',
    nodes: [
      { id: 'x', kind: 'input', label: 'x[t]' },
      ...stack,
      { id: 'out', kind: 'output', label: 'h[t]' },
    ],
    edges: ids.slice(1).map((to, i) => ({ from: ids[i] as string, to })),
  };
};
