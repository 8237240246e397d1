import type { ArchitectureGraph, GraphNode, Operation } from './architecture-graph.ts';

/** States 0 … n − 1 with operations on the edges between them. */
export const stateGraph = (
  name: string,
  states: number,
  edges: readonly (readonly [from: number, to: number, operation: Operation])[],
): ArchitectureGraph => ({
  name,
  nodes: Array.from({ length: states }, (_, i): GraphNode => {
    const kind = i === 0 ? 'input' : i === states - 1 ? 'output' : 'state';
    return { id: `s${i}`, kind, label: kind === 'input' ? 'in' : kind === 'output' ? 'out' : String(i) };
  }),
  edges: edges.map(([from, to, operation]) => ({ from: `s${from}`, to: `s${to}`, operation })),
});
