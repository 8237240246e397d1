import { z } from 'zod';
import type { Random } from '../core/random.ts';
import { leastBlockOrder } from './block-order.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { NasnetGenotype, NasnetOperation } from './nasnet.ts';
import type { Space } from './space.ts';

/** The eight operations of the paper (§3.1), in the names of the NASNet space. */
export const PNAS_OPERATIONS = [
  'sep_conv_3x3',
  'sep_conv_5x5',
  'sep_conv_7x7',
  'conv_1x7_7x1',
  'identity',
  'avg_pool_3x3',
  'max_pool_3x3',
  'dil_conv_3x3',
] as const satisfies readonly NasnetOperation[];
type Operation = (typeof PNAS_OPERATIONS)[number];

/** B: blocks of the largest cell. */
export const PNAS_BLOCKS = 5;

/** States that a block may read: the two cells before and all blocks but the last. */
const STATES = PNAS_BLOCKS + 1;

/** Two states (0, 1: the cells before; 2 + b: block b) and an operation on each; the results are added. */
export type PnasBlock = readonly [
  first: number,
  second: number,
  firstOperation: Operation,
  secondOperation: Operation,
];
/** One to five blocks; normal and reduction cells are the same but for the stride. */
export type PnasGenotype = readonly PnasBlock[];

const schema: z.ZodType<PnasGenotype> = z
  .array(
    z
      .tuple([
        z.number().int().min(0),
        z.number().int().min(0),
        z.enum(PNAS_OPERATIONS),
        z.enum(PNAS_OPERATIONS),
      ])
      .readonly(),
  )
  .min(1)
  .max(PNAS_BLOCKS);

const fault = (genotype: PnasGenotype): readonly [string, unknown, string] | undefined => {
  const at = genotype.findIndex(([first, second], b) => Math.max(first, second) > b + 1);
  return at === -1 ? undefined : [`${at}`, genotype[at], `states 0 to ${at + 1}`];
};

/** A sum does not mind the order of its terms. */
const ordered = ([first, second, f, g]: PnasBlock): PnasBlock =>
  first < second || (first === second && PNAS_OPERATIONS.indexOf(f) <= PNAS_OPERATIONS.indexOf(g))
    ? [first, second, f, g]
    : [second, first, g, f];

/** All different blocks at place `b` of a cell: 136 at the first. */
export const blocksAt = (b: number): readonly PnasBlock[] => {
  const states = Array.from({ length: b + 2 }, (_, state) => state);
  const all = states.flatMap((first) =>
    states.flatMap((second) =>
      PNAS_OPERATIONS.flatMap((f) => PNAS_OPERATIONS.map((g) => ordered([first, second, f, g]))),
    ),
  );
  return [...new Map(all.map((block) => [block.join(), block])).values()];
};

const randomBlock = (b: number, random: Random): PnasBlock =>
  ordered([random.int(b + 2), random.int(b + 2), random.pick(PNAS_OPERATIONS), random.pick(PNAS_OPERATIONS)]);

const withBlock = (genotype: PnasGenotype, at: number, block: PnasBlock): PnasGenotype =>
  genotype.map((old, b) => (b === at ? block : old));

const OPERATION_INDEX = Object.fromEntries(PNAS_OPERATIONS.map((operation, i) => [operation, i])) as Readonly<
  Record<Operation, number>
>;

/** Different for different blocks. */
const rankOf = ([first, second, f, g]: PnasBlock): number =>
  ((first * STATES + second) * PNAS_OPERATIONS.length + OPERATION_INDEX[f]) * PNAS_OPERATIONS.length +
  OPERATION_INDEX[g];

/** The one form of all cells that differ from this one in the order of blocks and of their branches alone. */
export const canonicalPnas = (genotype: PnasGenotype): PnasGenotype =>
  leastBlockOrder(
    genotype,
    ([first, second]) => [first, second],
    ([first, second, f, g], names) => ordered([names[first] as number, names[second] as number, f, g]),
    rankOf,
  );

/**
 * The cell for both strides, all of its blocks concatenated, in the terms of the NASNet space, which networks
 * are built from.
 */
export const pnasAsNasnet = (genotype: PnasGenotype): NasnetGenotype => {
  const blocks = genotype.map(([first, second, f, g]) => [first, second, f, g, 'add'] as const);
  const all = blocks.map((_, b) => b + 2);
  return { normal: blocks, reduce: blocks, normalConcat: all, reduceConcat: all };
};

/** Cells of one to five blocks. */
const SIZE = Array.from({ length: PNAS_BLOCKS }, (_, b) => blocksAt(b).length).reduceRight(
  (larger, blocks) => blocks * (1 + larger),
  0,
);

const SOURCE =
  'Liu et al. 2018, "Progressive Neural Architecture Search", §3.1: cells of up to five blocks of two states and two of eight ' +
  'operations, added; one cell for both strides; all blocks are concatenated.';

/** PNAS cells of one to five blocks. */
export const pnas: Space<PnasGenotype> = {
  name: 'pnas',
  source: SOURCE,
  ...jsonGenotype<PnasGenotype>(
    'pnas',
    schema,
    '[[state, state, operation, operation], … one to five]',
    fault,
    canonicalPnas,
  ),
  sample: (random) => Array.from({ length: PNAS_BLOCKS }, (_, b) => randomBlock(b, random)),
  /** One block changes in one part, or the cell gains or loses its last block. */
  mutate: (genotype, random) => {
    if (random.int(8) === 0)
      return genotype.length < PNAS_BLOCKS
        ? [...genotype, randomBlock(genotype.length, random)]
        : genotype.slice(0, -1);
    const at = random.int(genotype.length);
    const old = genotype[at] as PnasBlock;
    for (;;) {
      const drawn = randomBlock(at, random);
      const part = random.int(4);
      const block = ordered(old.map((value, i) => (i === part ? drawn[i] : value)) as unknown as PnasBlock);
      if (block.join() !== old.join()) return withBlock(genotype, at, block);
    }
  },
  /** Block by block, as long as the first parent. */
  crossover: (a, b, random) => a.map((block, i) => (random.int(2) === 0 ? block : (b[i] ?? block))),
  neighbours: (genotype) => [
    ...genotype.flatMap((old, at) =>
      blocksAt(at)
        .filter((block) => block.join() !== old.join())
        .map((block) => withBlock(genotype, at, block)),
    ),
    ...(genotype.length < PNAS_BLOCKS ? blocksAt(genotype.length).map((block) => [...genotype, block]) : []),
    ...(genotype.length > 1 ? [genotype.slice(0, -1)] : []),
  ],
  /**
   * One-hot states and operations, averaged over the blocks as the paper's MLP does (§3.4), so that sizes
   * compare.
   */
  encode: (genotype) => {
    const counts = new Array<number>(2 * (STATES + PNAS_OPERATIONS.length)).fill(0);
    for (const [first, second, f, g] of genotype) {
      const operations = 2 * STATES + PNAS_OPERATIONS.indexOf(f);
      const others = 2 * STATES + PNAS_OPERATIONS.length + PNAS_OPERATIONS.indexOf(g);
      for (const at of [first, STATES + second, operations, others]) counts[at] = (counts[at] as number) + 1;
    }
    return counts.map((n) => n / genotype.length);
  },
  describe: () => ({
    name: 'pnas',
    source: SOURCE,
    size: SIZE,
    lines: [
      `operations: ${PNAS_OPERATIONS.join(', ')}`,
      `1 to ${PNAS_BLOCKS} blocks, each the sum of two branches`,
      'the size counts orders of the same blocks apart',
    ],
  }),
};
