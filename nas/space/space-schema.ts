import { z } from 'zod';
import { EAS_START, eas } from './eas.ts';
import { enasMacro } from './enas-macro.ts';
import { nasBench101 } from './nas-bench-101.ts';
import { nasRl } from './nas-rl.ts';
import { SPACES } from './registry.ts';
import type { SpaceName } from './registry.ts';
import { DEFAULT_SIZES, smash } from './smash.ts';
import type { Space } from './space.ts';

/** A space without options. */
const plain = <Name extends SpaceName>(name: Name) =>
  z.strictObject({ name: z.literal(name).describe('Of the search space; docs/spaces.md describes each.') });

/** Search spaces by name, each with the options of its file. */
export const spaceSchema = z.discriminatedUnion('name', [
  plain('darts-cnn'),
  plain('nas-bench-201'),
  plain('nas-bench-macro'),
  z.strictObject({
    name: z.literal('nas-bench-101').describe('Of the search space; docs/spaces.md describes each.'),
    maxVertices: z
      .number()
      .int()
      .min(3)
      .max(7)
      .describe('Vertices of a cell at most, input and output included.')
      .default(7),
  }),
  plain('nasnet'),
  z.strictObject({
    name: z.literal('nas-rl').describe('Of the search space; docs/spaces.md describes each.'),
    depth: z.number().int().min(1).max(40).describe('Convolutional layers.').default(6),
  }),
  plain('hierarchical'),
  plain('hierarchical-flat'),
  plain('genetic-cnn'),
  plain('fractal-net'),
  z.strictObject({
    name: z.literal('enas-macro').describe('Of the search space; docs/spaces.md describes each.'),
    depth: z
      .number()
      .int()
      .min(3)
      .max(40)
      .describe('Layers of every network; `network.layers` is not read.')
      .default(12),
  }),
  plain('enas-micro'),
  plain('nasbot'),
  plain('auto-keras'),
  plain('nas-rl-growing'),
  plain('block-qnn'),
  plain('pnas'),
  z.strictObject({
    name: z.literal('smash').describe('Of the search space; docs/spaces.md describes each.'),
    depth: z
      .number()
      .int()
      .min(1)
      .max(20)
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
  }),
  z.strictObject({
    name: z.literal('eas').describe('Of the search space; docs/spaces.md describes each.'),
    start: z
      .string()
      .describe("The network, printed, that the others grow out of: the paper's small one when absent.")
      .default(JSON.stringify(EAS_START)),
  }),
]);
export type SpaceChoice = z.infer<typeof spaceSchema>;

/** The space that an experiment names, with its options. */
export const chosenSpace = (choice: SpaceChoice): Space => {
  switch (choice.name) {
    case 'nas-bench-101':
      return nasBench101(choice.maxVertices) as unknown as Space;
    case 'enas-macro':
      return enasMacro(choice.depth) as unknown as Space;
    case 'eas':
      return eas(choice.start) as unknown as Space;
    case 'smash':
      return smash(choice) as unknown as Space;
    case 'nas-rl':
      return nasRl(choice.depth) as unknown as Space;
    default:
      return SPACES[choice.name];
  }
};
