import type { ArchitectureGraph, Family, Operation } from './architecture-graph.ts';
import {
  layersOf,
  looseEnds,
  NSC_TYPES,
  predecessorsOf,
  type BlockQnnGenotype,
  type NscType,
} from '../block-qnn.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

const NSC_FAMILY = {
  conv: 'convolution',
  max_pool: 'pool',
  avg_pool: 'pool',
  identity: 'identity',
  add: 'identity',
  concat: 'identity',
} as const satisfies Record<(typeof NSC_TYPES)[NscType]['name'], Family>;

export const blockQnnGraph = (genotype: BlockQnnGenotype): ArchitectureGraph =>
  operationGraph(
    'block',
    layersOf(genotype).map(([, type, kernel]): Operation => {
      const { name } = NSC_TYPES[type as NscType];
      return { label: kernel === 0 ? name : `${name} ${kernel}×${kernel}`, family: NSC_FAMILY[name] };
    }),
    [...layersOf(genotype).map(predecessorsOf), looseEnds(genotype)],
    CELL_ENDS,
  );
