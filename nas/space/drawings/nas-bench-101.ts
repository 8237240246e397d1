import type { ArchitectureGraph, Family } from './architecture-graph.ts';
import { nasBench101Dag, type NasBench101Genotype, type NasBench101Operation } from '../nas-bench-101.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

const NAS_BENCH_101_FAMILY = {
  conv3x3: 'convolution',
  conv1x1: 'convolution',
  maxpool3x3: 'pool',
} as const satisfies Record<NasBench101Operation, Family>;

export const nasBench101Graph = (genotype: NasBench101Genotype): ArchitectureGraph => {
  const { labels, sources } = nasBench101Dag(genotype);
  const operations = labels.slice(1, -1) as NasBench101Operation[];
  return operationGraph(
    'cell',
    operations.map((label) => ({ label, family: NAS_BENCH_101_FAMILY[label] })),
    sources.slice(1),
    CELL_ENDS,
  );
};
