import {
  TREE_LEAVES,
  TREE_NODES,
  treeChildren,
  type NasRlRnnGenotype,
  type TreeCombination,
} from '../nas-rl-rnn.ts';
import type { ArchitectureGraph, GraphEdge, GraphNode } from './architecture-graph.ts';
import { TIME_ENDS } from './recurrent-cell.ts';

const SIGN = { add: '+', multiply: '×' } as const satisfies Record<TreeCombination, string>;

/**
 * The tree of a cell (Zoph & Le 2017, figures 4 and 8): a vertex a node, with how it joins two values and its
 * activation. The old memory goes through its own vertex into the node that takes it, and the new one leaves
 * the node that makes it before that node's activation.
 */
export const nasRlRnnGraph = ({
  nodes,
  inject,
  injectCombine,
  injectActivation,
  newCell,
}: NasRlRnnGenotype): ArchitectureGraph => {
  const edge = (from: string, to: string): GraphEdge => ({ from, to });
  return {
    name: 'cell',
    nodes: [
      ...TIME_ENDS.inputs,
      { id: 'memory', kind: 'input', label: 'c[t−1]' },
      ...nodes.map(([combination, activation], node): GraphNode => ({
        id: `n${node}`,
        kind: 'operation',
        label: `${SIGN[combination]} ${activation}`,
        family: activation,
      })),
      {
        id: 'inject',
        kind: 'operation',
        label: `${SIGN[injectCombine]} ${injectActivation}`,
        family: injectActivation,
      },
      TIME_ENDS.output,
      { id: 'kept', kind: 'output', label: 'c[t]' },
    ],
    edges: [
      ...nodes.flatMap((_, node) =>
        node < TREE_LEAVES
          ? [edge('x', `n${node}`), edge('h', `n${node}`)]
          : treeChildren(node).map((child) => edge(child === inject ? 'inject' : `n${child}`, `n${node}`)),
      ),
      edge(`n${inject}`, 'inject'),
      edge('memory', 'inject'),
      edge(inject === TREE_NODES - 1 ? 'inject' : `n${TREE_NODES - 1}`, 'out'),
      edge(`n${newCell}`, 'kept'),
    ],
  };
};
