import type { ArchitectureGraph, Family } from './architecture-graph.ts';
import {
  NAS_BENCH_201_INPUTS,
  type NasBench201Genotype,
  type NasBench201Operation,
} from '../nas-bench-201.ts';
import { stateGraph } from './state-graph.ts';

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
