import type { Json } from '../core/json.ts';
import { eas, EAS_START } from './eas.ts';
import { literalOf } from './literal-of.ts';
import { smashFault, smashSchema } from './smash-genotype.ts';
import { DEFAULT_SIZES } from './smash.ts';

/** Options of a space, each as small as a printed genotype allows; none where the text is no genotype of it. */
type Told = (text: string) => Readonly<Record<string, Json>>;

/** Its layers. */
export const toldByNasRl: Told = (text) => {
  const layers = literalOf(text, 'a list of layers', 'genotype');
  return Array.isArray(layers) && layers.length > 0 ? { depth: layers.length } : {};
};

const MOST_DEPTH = 20;

/** The first block's input is twice the width; the least depth that bounds the blocks so. Filters and groups are not bounded further. */
export const toldBySmash: Told = (text) => {
  const { success, data } = smashSchema.safeParse(literalOf(text, 'a SMASH network', 'genotype'));
  if (!success) return {};
  const width = (data.blocks[0]?.input ?? 0) / 2;
  for (let { depth } = DEFAULT_SIZES; depth <= MOST_DEPTH; depth++) {
    const options = { ...DEFAULT_SIZES, depth, width, maxWidth: data.width };
    if (smashFault(options)(data) === undefined) return { depth, width, maxWidth: data.width };
  }
  return {};
};

/** Blocks are as many as the start network's; a network of other blocks than the paper's is taken for its own start. */
export const toldByEas: Told = (text) => {
  const { blocks } = literalOf(text, 'a network of EAS', 'genotype') as { readonly blocks?: Json };
  if (!Array.isArray(blocks) || blocks.length === EAS_START.blocks.length) return {};
  const { parse, print } = eas(text);
  return { start: print(parse(text)) };
};
