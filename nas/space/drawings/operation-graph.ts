import type { ArchitectureGraph, Operation } from './architecture-graph.ts';

/**
 * Operations as vertices: 0 is the input, i is `operations[i − 1]`, the last one the output; `sources` lists
 * what each vertex but the input reads.
 */
export const operationGraph = (
  name: string,
  operations: readonly Operation[],
  sources: readonly (readonly number[])[],
  ends: readonly [input: string, output: string],
): ArchitectureGraph => ({
  name,
  nodes: [
    { id: 'v0', kind: 'input', label: ends[0] },
    ...operations.map((operation, i) => ({ id: `v${i + 1}`, kind: 'operation', ...operation }) as const),
    { id: `v${operations.length + 1}`, kind: 'output', label: ends[1] },
  ],
  edges: sources.flatMap((from, i) =>
    [...new Set(from)].map((source) => ({ from: `v${source}`, to: `v${i + 1}` })),
  ),
});

/** Of a whole network. */
export const NETWORK_ENDS = ['image', 'softmax'] as const;
/** Of a cell, block or stage. */
export const CELL_ENDS = ['in', 'out'] as const;
/** What a vertex of a chain reads. */
export const before = (vertex: number): readonly number[] => [vertex - 1];
