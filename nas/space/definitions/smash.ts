import { z } from 'zod';
import type { ArchitectureGraph } from '../architecture-graph.ts';
import { DEFAULT_SIZES, smash } from '../smash.ts';
import { inputError } from '../../core/input-error.ts';
import { literalOf } from '../literal-of.ts';
import {
  smashFault,
  smashSchema,
  type SmashBlock,
  type SmashGenotype,
  type SmashOperation,
  type SmashOptions,
} from '../smash-genotype.ts';
import { defineSpace } from './definition.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

/** `4: 3×3 d2 → 5×5 + 3×3`: output units, then the two branches. */
const smashLabel = ({ width, convs }: SmashOperation): string => {
  const texts = convs.map((conv) => {
    if (conv === null) return undefined;
    const [k, dilation, groups] = conv;
    return `${k}×${k}${dilation > 1 ? ` d${dilation}` : ''}${groups > 1 ? ` g${groups}` : ''}`;
  });
  const branch = (slots: readonly (string | undefined)[]): string[] => {
    const used = slots.filter((text) => text !== undefined);
    return used.length === 0 ? [] : [used.join(' → ')];
  };
  return `${width}: ${[...branch(texts.slice(0, 2)), ...branch(texts.slice(2))].join(' + ')}`;
};

/** An operation reads of those that wrote to its banks before. */
const smashBlockGraph = ({ input, bank, ops }: SmashBlock, index: number): ArchitectureGraph => {
  const writers = Array.from({ length: input / bank }, () => [0]);
  const sources = ops.map(({ read, write }, i) => {
    const from = read.flatMap((at) => writers[at] ?? []);
    for (const to of write) writers[to] = [...(writers[to] ?? []), i + 1];
    return from.sort((a, b) => a - b);
  });
  return operationGraph(
    `block${index + 1}`,
    ops.map((op) => ({ label: smashLabel(op), family: 'convolution' })),
    [...sources, writers.flat().sort((a, b) => a - b)],
    CELL_ENDS,
  );
};

const smashGraphs = ({ blocks }: SmashGenotype): readonly ArchitectureGraph[] => blocks.map(smashBlockGraph);

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
  graphs: smashGraphs,
});
