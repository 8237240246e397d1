import { z } from 'zod';
import type { ArchitectureGraph, Operation } from '../architecture-graph.ts';
import type { Json } from '../../core/json.ts';
import { eas, EAS_START, type EasGenotype } from '../eas.ts';
import { literalOf } from '../literal-of.ts';
import { defineSpace } from './definition.ts';
import { before, NETWORK_ENDS, operationGraph } from './operation-graph.ts';

const easGraph = ({ blocks, dense }: EasGenotype): ArchitectureGraph => {
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

export const easSpace = defineSpace('eas', {
  task: 'image-classification',
  options: {
    start: z
      .string()
      .describe("The network, printed, that the others grow out of: the paper's small one when absent.")
      .default(JSON.stringify(EAS_START)),
  },
  make: ({ start }) => eas(start),
  // Blocks are as many as the start network's; a network of other blocks than the paper's is taken for its
  // own start.
  toldOptions: (text) => {
    const { blocks } = literalOf(text, 'a network of EAS', 'genotype') as { readonly blocks?: Json };
    if (!Array.isArray(blocks) || blocks.length === EAS_START.blocks.length) return {};
    const { parse, print } = eas(text);
    return { start: print(parse(text)) };
  },
  graphs: (genotype) => [easGraph(genotype)],
});
