import type { ArchitectureGraph, Family, Operation } from './architecture-graph.ts';
import {
  HIERARCHICAL_PRIMITIVES,
  type HierarchicalGenotype,
  type HierarchicalPrimitive,
} from '../hierarchical.ts';
import { stateGraph } from './state-graph.ts';

const PRIMITIVE_FAMILY = {
  none: 'none',
  identity: 'identity',
  conv_1x1: 'convolution',
  depthwise_conv_3x3: 'dilated',
  sep_conv_3x3: 'separable',
  max_pool_3x3: 'pool',
  avg_pool_3x3: 'pool',
} as const satisfies Record<HierarchicalPrimitive, Family>;

const PRIMITIVES = HIERARCHICAL_PRIMITIVES.map((label): Operation => ({
  label,
  family: PRIMITIVE_FAMILY[label],
}));

/** The edges of a motif that hold an operation. */
const motifGraph = (
  name: string,
  edges: readonly number[],
  below: readonly Operation[],
): ArchitectureGraph => {
  const nodes = (1 + Math.sqrt(1 + 8 * edges.length)) / 2;
  const places = Array.from({ length: nodes - 1 }, (_, j) =>
    Array.from({ length: j + 1 }, (_v, i) => [i, j + 1] as const),
  ).flat();
  return stateGraph(
    name,
    nodes,
    places.flatMap(([from, to], at) =>
      edges[at] === 0 ? [] : [[from, to, below[edges[at] as number] as Operation] as const],
    ),
  );
};

/** The top motif, then the motifs of the level below that it uses; of one level the only motif. */
export const hierarchicalGraphs = ({ motifs }: HierarchicalGenotype): readonly ArchitectureGraph[] => {
  const [level2 = [], level3] = motifs;
  if (level3 === undefined) return [motifGraph('cell', level2[0] as readonly number[], PRIMITIVES)];
  const [top = []] = level3;
  const named = level2.map((_, m): Operation => ({ label: `motif ${m + 1}`, family: 'rectangular' }));
  const used = [...new Set(top)].filter((entry) => entry > 0).sort((a, b) => a - b);
  return [
    motifGraph('top', top, [{ label: 'none', family: 'none' }, ...named]),
    ...used.map((entry) => motifGraph(`motif${entry}`, level2[entry - 1] as readonly number[], PRIMITIVES)),
  ];
};
