import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import { NAS_BENCH_MACRO_BLOCKS, type NasBenchMacroGenotype } from '../nas-bench-macro.ts';
import { before, NETWORK_ENDS, operationGraph } from './operation-graph.ts';

export const nasBenchMacroGraph = (digits: NasBenchMacroGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    [...digits].map((digit): Operation => {
      const label = NAS_BENCH_MACRO_BLOCKS[Number(digit)] as (typeof NAS_BENCH_MACRO_BLOCKS)[number];
      return { label, family: label === 'skip' ? 'identity' : 'separable' };
    }),
    Array.from({ length: digits.length + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  );
