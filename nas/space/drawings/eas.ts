import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import type { EasGenotype } from '../eas.ts';
import { before, NETWORK_ENDS, operationGraph } from './operation-graph.ts';

export const easGraph = ({ blocks, dense }: EasGenotype): ArchitectureGraph => {
  const operations = [
    ...blocks.flatMap((convolutions, block): Operation[] => [
      ...(block === 0 ? [] : [{ label: 'max 2×2 /2', family: 'pool' } as const]),
      ...convolutions.map(
        ([filters, kernel]) =>
          ({ label: `conv ${kernel}×${kernel}, ${filters}`, family: 'convolution' }) as const,
      ),
    ]),
    ...dense.map((units) => ({ label: `fc, ${units}`, family: 'dense' }) as const),
  ];
  return operationGraph(
    'network',
    operations,
    Array.from({ length: operations.length + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  );
};
