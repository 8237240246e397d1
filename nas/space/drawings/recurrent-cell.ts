import type { DartsRnnGenotype } from '../darts-rnn.ts';
import { enasRnnLooseEnds, enasRnnNodes, type EnasRnnGenotype } from '../enas-rnn.ts';
import type { ArchitectureGraph, Family, GraphNode } from './architecture-graph.ts';

/** What a cell joins, and what it hands on. */
export const TIME_ENDS = {
  inputs: [
    { id: 'x', kind: 'input', label: 'x[t]' },
    { id: 'h', kind: 'input', label: 'h[t−1]' },
  ],
  output: { id: 'out', kind: 'output', label: 'h[t]' },
} as const satisfies { readonly inputs: readonly GraphNode[]; readonly output: GraphNode };

interface HighwayCell {
  /** Of state 0, which joins the inputs. */
  readonly first: Family;
  /** Of each further state: its activation, and the state that it reads. */
  readonly nodes: readonly (readonly [activation: Family, reads: number])[];
  /** States whose mean is the output. */
  readonly outputs: readonly number[];
}

/** A box a state, its activation on the line into it, as Liu et al. 2019 draw cells (figure 6). */
const highwayGraph = ({ first, nodes, outputs }: HighwayCell): ArchitectureGraph => {
  const operation = (activation: Family) => ({ label: activation, family: activation });
  return {
    name: 'cell',
    nodes: [
      ...TIME_ENDS.inputs,
      ...[first, ...nodes].map((_, state): GraphNode => ({
        id: `s${state}`,
        kind: 'state',
        label: `${state}`,
      })),
      TIME_ENDS.output,
    ],
    edges: [
      { from: 'x', to: 's0' },
      { from: 'h', to: 's0', operation: operation(first) },
      ...nodes.map(([activation, reads], node) => ({
        from: `s${reads}`,
        to: `s${node + 1}`,
        operation: operation(activation),
      })),
      ...outputs.map((state) => ({ from: `s${state}`, to: 'out' })),
    ],
  };
};

export const dartsRnnGraph = ({ recurrent, concat }: DartsRnnGenotype): ArchitectureGraph =>
  highwayGraph({ first: 'tanh', nodes: recurrent, outputs: concat });

export const enasRnnGraph = (genotype: EnasRnnGenotype): ArchitectureGraph => {
  const [first, ...nodes] = enasRnnNodes(genotype);
  return highwayGraph({
    first: first?.activation ?? 'tanh',
    nodes: nodes.map(({ activation, reads = 0 }) => [activation, reads]),
    outputs: enasRnnLooseEnds(genotype),
  });
};
