import { z } from 'zod';
import { EAS_START, eas } from '../space/eas.ts';
import { enasMacro } from '../space/enas-macro.ts';
import { nasBench101 } from '../space/nas-bench-101.ts';
import { nasRl } from '../space/nas-rl.ts';
import { SPACES } from '../space/registry.ts';
import type { SpaceName } from '../space/registry.ts';
import { DEFAULT_SIZES, smash } from '../space/smash.ts';
import type { Space } from '../space/space.ts';

/** A space without options. */
const plain = <Name extends SpaceName>(name: Name) => z.strictObject({ name: z.literal(name) });

/** Search spaces by name, each with the options of its file. */
export const spaceSchema = z.discriminatedUnion('name', [
  plain('darts-cnn'),
  plain('nas-bench-201'),
  plain('nas-bench-macro'),
  z.strictObject({
    name: z.literal('nas-bench-101'),
    /** Vertices of a cell at most, input and output included. */
    maxVertices: z.number().int().min(3).max(7).default(7),
  }),
  plain('nasnet'),
  z.strictObject({
    name: z.literal('nas-rl'),
    /** Convolutional layers. */
    depth: z.number().int().min(1).max(40).default(6),
  }),
  plain('hierarchical'),
  plain('hierarchical-flat'),
  plain('genetic-cnn'),
  plain('fractal-net'),
  z.strictObject({
    name: z.literal('enas-macro'),
    /** Layers of every network; \`network.layers\` is not read. */
    depth: z.number().int().min(3).max(40).default(12),
  }),
  plain('enas-micro'),
  plain('nasbot'),
  plain('auto-keras'),
  plain('nas-rl-growing'),
  plain('block-qnn'),
  plain('pnas'),
  z.strictObject({
    name: z.literal('smash'),
    /** Of the reference Wide ResNet that bounds each block: layers a block (published: 12), also its most operations. */
    depth: z.number().int().min(1).max(20).default(DEFAULT_SIZES.depth),
    /** Its widening factor (published: 4). */
    width: z.number().int().min(1).max(16).default(DEFAULT_SIZES.width),
    /** Units of the widest operation or bank; a unit is `network.channels` channels. At most six times `width`. */
    maxWidth: z.number().int().min(2).max(16).default(DEFAULT_SIZES.maxWidth),
    maxKernel: z.union([z.literal(3), z.literal(5), z.literal(7)]).default(7),
    maxGroups: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]).default(8),
  }),
  z.strictObject({
    name: z.literal('eas'),
    /** The network, printed, that the others grow out of: the paper's small one when absent. */
    start: z.string().default(JSON.stringify(EAS_START)),
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
