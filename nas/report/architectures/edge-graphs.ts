import {
  HIERARCHICAL_PRIMITIVES,
  type HierarchicalGenotype,
  type HierarchicalPrimitive,
} from '../../space/hierarchical.ts';
import {
  NAS_BENCH_201_INPUTS,
  type NasBench201Genotype,
  type NasBench201Operation,
} from '../../space/nas-bench-201.ts';
import { nasnetOutputs, type NasnetGenotype, type NasnetOperation } from '../../space/nasnet.ts';
import { CELL_INPUTS, CELL_OUTPUT, type CellKind } from './cell-graph.ts';
import type { ArchitectureGraph, Family, GraphEdge, GraphNode, Operation } from './graph.ts';

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

/** States 0 … n − 1 with operations on the edges between them. */
const stateGraph = (
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

const NAS_BENCH_201_FAMILY = {
  none: 'none',
  skip_connect: 'identity',
  nor_conv_1x1: 'convolution',
  nor_conv_3x3: 'convolution',
  avg_pool_3x3: 'pool',
} as const satisfies Record<NasBench201Operation, Family>;

export const nasBench201Graph = (genotype: NasBench201Genotype): ArchitectureGraph => {
  const places = NAS_BENCH_201_INPUTS.flatMap((inputs, node) =>
    inputs.map((from) => [from, node + 1] as const),
  );
  return stateGraph(
    'cell',
    NAS_BENCH_201_INPUTS.length + 1,
    places.map(([from, to], edge) => {
      const label = genotype[edge] as NasBench201Operation;
      return [from, to, { label, family: NAS_BENCH_201_FAMILY[label] }];
    }),
  );
};

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
