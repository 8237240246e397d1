import { z } from 'zod';
import type { ArchitectureGraph, Family } from '../architecture-graph.ts';
import {
  nasBench101,
  nasBench101Dag,
  type NasBench101Genotype,
  type NasBench101Operation,
} from '../nas-bench-101.ts';
import { defineSpace } from './definition.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

const NAS_BENCH_101_FAMILY = {
  conv3x3: 'convolution',
  conv1x1: 'convolution',
  maxpool3x3: 'pool',
} as const satisfies Record<NasBench101Operation, Family>;

const nasBench101Graph = (genotype: NasBench101Genotype): ArchitectureGraph => {
  const { labels, sources } = nasBench101Dag(genotype);
  const operations = labels.slice(1, -1) as NasBench101Operation[];
  return operationGraph(
    'cell',
    operations.map((label) => ({ label, family: NAS_BENCH_101_FAMILY[label] })),
    sources.slice(1),
    CELL_ENDS,
  );
};

export const nasBench101Space = defineSpace('nas-bench-101', {
  task: 'image-classification',
  options: {
    maxVertices: z
      .number()
      .int()
      .min(3)
      .max(7)
      .describe('Vertices of a cell at most, input and output included.')
      .default(7),
  },
  make: ({ maxVertices }) => nasBench101(maxVertices),
  graphs: (genotype) => [nasBench101Graph(genotype)],
});
