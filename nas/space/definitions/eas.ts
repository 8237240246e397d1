import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { eas, EAS_START } from '../eas.ts';
import { literalOf } from '../literal-of.ts';
import { defineSpace } from './definition.ts';

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
});
