import { z } from 'zod';
import { DEFAULT_SIZES, smash } from '../smash.ts';
import { inputError } from '../../core/input-error.ts';
import { literalOf } from '../literal-of.ts';
import { smashFault, smashSchema, type SmashOptions } from '../smash-genotype.ts';
import { defineSpace } from './definition.ts';

const MOST_DEPTH = 20;

/**
 * The first block's input is twice the width; the least depth that bounds the blocks so. Filters and groups
 * are not bounded further.
 */
const toldOptions = (text: string): Partial<Pick<SmashOptions, 'depth' | 'width' | 'maxWidth'>> => {
  const { success, data } = smashSchema.safeParse(literalOf(text, 'a SMASH network', 'genotype'));
  if (!success) return {};
  const width = (data.blocks[0]?.input ?? 0) / 2;
  for (let { depth } = DEFAULT_SIZES; depth <= MOST_DEPTH; depth++) {
    const options = { ...DEFAULT_SIZES, depth, width, maxWidth: data.width };
    if (smashFault(options)(data) === undefined) return { depth, width, maxWidth: data.width };
  }
  return {};
};

export const smashSpace = defineSpace('smash', {
  task: 'image-classification',
  options: {
    depth: z
      .number()
      .int()
      .min(1)
      .max(MOST_DEPTH)
      .describe(
        'Of the reference Wide ResNet that bounds each block: layers a block (published: 12), also its most operations.',
      )
      .default(DEFAULT_SIZES.depth),
    width: z
      .number()
      .int()
      .min(1)
      .max(16)
      .describe('Its widening factor (published: 4).')
      .default(DEFAULT_SIZES.width),
    maxWidth: z
      .number()
      .int()
      .min(2)
      .max(16)
      .describe(
        'Units of the widest operation or bank; a unit is `network.channels` channels. At most six times `width`.',
      )
      .default(DEFAULT_SIZES.maxWidth),
    maxKernel: z
      .union([z.literal(3), z.literal(5), z.literal(7)])
      .describe('Widest filter.')
      .default(7),
    maxGroups: z
      .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)])
      .describe('Most groups of a convolution.')
      .default(8),
  },
  make: smash,
  // The widest operation writes to different units of memory.
  *check({ width, maxWidth }, place) {
    if (maxWidth > 6 * width)
      yield inputError(
        place(['space', 'maxWidth']),
        maxWidth,
        `at most the ${6 * width} units of memory of the first block, six times space.width`,
        'lower maxWidth or raise width',
      );
  },
  toldOptions,
});
