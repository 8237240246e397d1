import { z } from 'zod';
import { leastBlockOrder } from './block-order.ts';
import { categorical } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

/** The thirteen operations of the NASNet cell (Zoph et al. 2018, §3). */
export const NASNET_OPERATIONS = [
  'identity',
  'conv_1x3_3x1',
  'conv_1x7_7x1',
  'dil_conv_3x3',
  'avg_pool_3x3',
  'max_pool_3x3',
  'max_pool_5x5',
  'max_pool_7x7',
  'conv_1x1',
  'conv_3x3',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'sep_conv_7x7',
] as const;
export type NasnetOperation = (typeof NASNET_OPERATIONS)[number];
const NASNET_COMBINATIONS = ['add', 'concat'] as const;
export const NASNET_BLOCKS = 5;

/**
 * One block: two hidden states (0, 1: the previous cells; 2 + b: block b), an operation on each, their
 * combination.
 */
export type NasnetBlock = readonly [
  first: number,
  second: number,
  firstOperation: NasnetOperation,
  secondOperation: NasnetOperation,
  combination: (typeof NASNET_COMBINATIONS)[number],
];
export type NasnetGenotype = {
  readonly normal: readonly NasnetBlock[];
  readonly reduce: readonly NasnetBlock[];
  /**
   * States that a cell concatenates, in ascending order, where they are more than those that no block reads.
   */
  readonly normalConcat?: readonly number[];
  readonly reduceConcat?: readonly number[];
};
export type NasnetCell = 'normal' | 'reduce';

const CELLS = ['normal', 'reduce'] as const satisfies readonly NasnetCell[];
const BLOCKS = Array.from({ length: NASNET_BLOCKS }, (_, block) => block);
const CHOICES = 5;

const block = z
  .tuple([
    z.number().int().min(0),
    z.number().int().min(0),
    z.enum(NASNET_OPERATIONS),
    z.enum(NASNET_OPERATIONS),
    z.enum(NASNET_COMBINATIONS),
  ])
  .readonly();
const cell = z.array(block).length(NASNET_BLOCKS).readonly();
const concat = z.array(z.number().int()).readonly().exactOptional();
const schema = z.strictObject({ normal: cell, reduce: cell, normalConcat: concat, reduceConcat: concat });

/** States that no block of a cell reads, its two inputs among them. */
const looseEnds = (blocks: readonly NasnetBlock[]): readonly number[] => {
  const read = new Set(blocks.flatMap(([first, second]) => [first, second]));
  return [0, 1, ...blocks.map((_, b) => b + 2)].filter((state) => !read.has(state));
};

/** States that a cell's output concatenates, in ascending order. */
export const nasnetOutputs = (genotype: NasnetGenotype, name: NasnetCell): readonly number[] =>
  genotype[`${name}Concat`] ?? looseEnds(genotype[name]);

const fault = (genotype: NasnetGenotype) => {
  for (const name of CELLS)
    for (const b of BLOCKS) {
      const [first, second] = genotype[name][b] as NasnetBlock;
      if (Math.max(first, second) > b + 1)
        return [`${name}[${b}]`, [first, second], `hidden states 0 to ${b + 1}`] as const;
    }
  for (const name of CELLS) {
    const outputs = nasnetOutputs(genotype, name);
    const ends = looseEnds(genotype[name]);
    const ascends = outputs.every((state, i) => state > (outputs[i - 1] ?? -1) && state < NASNET_BLOCKS + 2);
    if (!ascends || !ends.every((state) => outputs.includes(state)))
      return [
        `${name}Concat`,
        outputs,
        `states 0 to ${NASNET_BLOCKS + 1} in ascending order, those that no block reads (${ends.join(', ')}) among them`,
      ] as const;
  }
  return undefined;
};

/**
 * A block's two branches are summed or concatenated: their order does not matter but to the channels' order.
 */
const ordered = ([a, b, f, g, combination]: NasnetBlock): NasnetBlock =>
  a < b || (a === b && NASNET_OPERATIONS.indexOf(f) <= NASNET_OPERATIONS.indexOf(g))
    ? [a, b, f, g, combination]
    : [b, a, g, f, combination];

/** Different for different blocks. */
const rankOf = ([a, b, f, g, combination]: NasnetBlock): number =>
  [
    [b, NASNET_BLOCKS + 1],
    [NASNET_OPERATIONS.indexOf(f), NASNET_OPERATIONS.length],
    [NASNET_OPERATIONS.indexOf(g), NASNET_OPERATIONS.length],
    [NASNET_COMBINATIONS.indexOf(combination), NASNET_COMBINATIONS.length],
  ].reduce((rank, [digit, base]) => rank * (base as number) + (digit as number), a);

/** The one form of all cells that differ in the order of blocks and of their branches alone. */
const canonicalCell = (genotype: NasnetGenotype, name: NasnetCell) => {
  const outputs = nasnetOutputs(genotype, name);
  const blocks = leastBlockOrder(
    genotype[name].map((block, b) => ({ block, isOutput: outputs.includes(b + 2) })),
    ({ block: [a, b] }) => [a, b],
    ({ block: [a, b, f, g, combination], isOutput }, names) => ({
      block: ordered([names[a] as number, names[b] as number, f, g, combination]),
      isOutput,
    }),
    ({ block, isOutput }) => 2 * rankOf(block) + Number(isOutput),
  );
  return { blocks, inputs: outputs.filter((state) => state < 2) };
};

const SOURCE =
  'Zoph et al. 2018, "Learning Transferable Architectures for Scalable Image Recognition", §3: normal and reduction ' +
  'cell of five blocks; two hidden states, an operation on each, add or concat. Hidden states that no block reads, the two ' +
  'inputs included, are concatenated in the cell’s output; a genotype may list more of them (normalConcat, reduceConcat).';

/** The NASNet cell space. */
export const nasnet: Space<NasnetGenotype> = {
  name: 'nasnet',
  source: SOURCE,
  ...jsonGenotype<NasnetGenotype>(
    'nasnet',
    schema,
    '{"normal": [[state, state, operation, operation, "add" or "concat"], … five], "reduce": […]}',
    fault,
    (genotype) => CELLS.map((name) => canonicalCell(genotype, name)),
  ),
  ...categorical<NasnetGenotype>(
    CELLS.flatMap(() =>
      BLOCKS.flatMap((b) => [
        b + 2,
        b + 2,
        NASNET_OPERATIONS.length,
        NASNET_OPERATIONS.length,
        NASNET_COMBINATIONS.length,
      ]),
    ),
    CELLS.flatMap((name) =>
      BLOCKS.flatMap((b) =>
        ['first state', 'second state', 'first operation', 'second operation', 'combination'].map(
          (what) => `${name}/block ${b}/${what}`,
        ),
      ),
    ),
    (genotype) =>
      CELLS.flatMap((name) =>
        genotype[name].flatMap(([a, b, f, g, combination]) => [
          a,
          b,
          NASNET_OPERATIONS.indexOf(f),
          NASNET_OPERATIONS.indexOf(g),
          NASNET_COMBINATIONS.indexOf(combination),
        ]),
      ),
    (choices) => {
      const [normal, reduce] = CELLS.map((_, c) =>
        BLOCKS.map((b) => {
          const at = CHOICES * (c * NASNET_BLOCKS + b);
          const [first, second, f, g, combination] = choices.slice(at, at + CHOICES) as number[];
          return [
            first,
            second,
            NASNET_OPERATIONS[f as number],
            NASNET_OPERATIONS[g as number],
            NASNET_COMBINATIONS[combination as number],
          ] as unknown as NasnetBlock;
        }),
      );
      return { normal: normal as NasnetBlock[], reduce: reduce as NasnetBlock[] };
    },
  ),
  describe: () => ({
    name: 'nasnet',
    source: SOURCE,
    size: BLOCKS.reduce((size, b) => size * (b + 2) ** 2 * NASNET_OPERATIONS.length ** 2 * 2, 1) ** 2,
    lines: [
      `operations: ${NASNET_OPERATIONS.join(', ')}`,
      `combinations: ${NASNET_COMBINATIONS.join(', ')}`,
      'the size counts orders of the same blocks apart',
    ],
  }),
};
