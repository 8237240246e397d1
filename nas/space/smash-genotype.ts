import { z } from 'zod';

/**
 * What a SMASH network may be at most. Channels are counted in units: the smallest memory bank,
 * `network.channels` channels. `depth` and `width` are those of the reference Wide ResNet whose parameters
 * bound each block's.
 */
export interface SmashOptions {
  readonly depth: number;
  readonly width: number;
  /** Units of the widest operation and bank. */
  readonly maxWidth: number;
  readonly maxKernel: number;
  readonly maxGroups: number;
}

/** Kernel size, dilation (both square) and number of groups. */
export type SmashConv = readonly [kernel: number, dilation: number, groups: number];
/**
 * One operation: the banks it reads, its output units, and the 2 × 2 convolutions between: the first and
 * second of one branch, then of the other, which is added.
 */
export type SmashOperation = {
  readonly read: readonly number[];
  readonly width: number;
  readonly convs: readonly (SmashConv | null)[];
  /**
   * Banks it adds to: unit group j of its output to the j-th of them, in turns where there are more banks
   * than groups.
   */
  readonly write: readonly number[];
};
/**
 * All operations at one resolution on banks of `bank` units, the first `input / bank` of which begin with its
 * input.
 */
export type SmashBlock = {
  readonly input: number;
  readonly bank: number;
  readonly ops: readonly SmashOperation[];
};
/** `width` is the space's `maxWidth`, twice which bounds the 1 × 1 convolutions. */
export type SmashGenotype = { readonly width: number; readonly blocks: readonly SmashBlock[] };

/** Convolutions that an operation may consist of; the first is always there. */
export const SLOTS = 4;
/** Which of the four are active, with probabilities (ajbrock/SMASH 76aebd1, `SMASH.py:148–154`). */
export const PATTERNS = [
  [[true, false, false, false], 0.05],
  [[true, false, true, false], 0.1],
  [[true, true, false, false], 0.15],
  [[true, true, true, false], 0.25],
  [[true, true, true, true], 0.45],
] as const;
/**
 * A 1 × 1 convolution has at most this many times its operation's width (ajbrock/SMASH 76aebd1, utils.py:49).
 */
const BOTTLENECK = 4;
/** And at most this many times the width of the widest operation (utils.py:52, SMASH.py:1049). */
const MAX_BOTTLENECK = 2;

/** In units: of the block's input, of its memory at most, and of all that its operations read at most. */
export interface BlockSizes {
  readonly input: number;
  readonly memory: number;
  readonly reads: number;
}

/**
 * The three blocks' sizes, derived from the reference network as in ajbrock/SMASH 76aebd1,
 * `SMASH.py:182–221`; a stage doubles the widths.
 */
export const blockSizes = ({ depth, width }: SmashOptions): readonly [BlockSizes, BlockSizes, BlockSizes] => {
  const halved = (units: number): number => 2 * Math.floor(units / 4);
  const first = 2 * width;
  const second = halved(3 * first);
  const third = halved(second + 2 * first);
  return [
    { input: first, memory: 3 * first, reads: (1 + depth) * first },
    { input: second, memory: second + 2 * first, reads: second + 2 * depth * first },
    { input: third, memory: 4 * first, reads: third + 4 * depth * first },
  ];
};

/** Kernel sizes with their dilations: windows reach four pixels to each side at most. */
export const filtersUpTo = (maxKernel: number): readonly (readonly [kernel: number, dilation: number])[] =>
  [3, 5, 7]
    .filter((kernel) => kernel <= maxKernel)
    .flatMap((kernel) =>
      Array.from({ length: 4 - (kernel - 1) / 2 }, (_, i): readonly [number, number] => [kernel, i + 1]),
    );

/** 1, 2, 4, … up to `maxGroups`. */
export const groupsUpTo = (maxGroups: number): readonly number[] =>
  [1, 2, 4, 8].filter((groups) => groups <= maxGroups);

/** An operation by units of memory and of its output, whatever the size of the banks. */
export interface OperationView {
  /** Units of memory that it reads, ascending. */
  readonly reads: readonly number[];
  /** Output units of its 1 × 1 convolution in a network of its own. */
  readonly bottleneck: number;
  readonly width: number;
  readonly convs: readonly (SmashConv | null)[];
  /** Units of memory that it adds to, ascending, each with the unit of its output. */
  readonly writes: readonly (readonly [memory: number, output: number])[];
}
export interface BlockView {
  readonly input: number;
  /** Units that are not empty when the block is over. */
  readonly memory: number;
  readonly ops: readonly OperationView[];
}

/** Banks that are not empty when the block is over. */
const filledBanks = ({ input, bank, ops }: SmashBlock): number =>
  ops.reduce((filled, { write }) => Math.max(filled, ...write.map((at) => at + 1)), input / bank);

export const viewOf = ({ width: most, blocks }: SmashGenotype): readonly BlockView[] =>
  blocks.map((block) => {
    const { input, bank, ops } = block;
    const unitsOf = (index: number): number[] => Array.from({ length: bank }, (_, i) => index * bank + i);
    return {
      input,
      memory: filledBanks(block) * bank,
      ops: ops.map(({ read, width, convs, write }) => {
        const reads = read.flatMap(unitsOf);
        const ratio = Math.min(Math.max(Math.floor(reads.length / width), 1), BOTTLENECK);
        return {
          reads,
          bottleneck: Math.min(ratio * width, reads.length, MAX_BOTTLENECK * most),
          width,
          convs,
          writes: write.flatMap((to, j) =>
            unitsOf(to).map((unit, i) => [unit, (j % (width / bank)) * bank + i] as const),
          ),
        };
      }),
    };
  });

const count = z.number().int();
const conv = z.tuple([count, count, count]).readonly();
const bank = count.min(0);
export const smashSchema: z.ZodType<SmashGenotype> = z.strictObject({
  width: count.min(1),
  blocks: z
    .array(
      z.strictObject({
        input: count.min(1),
        bank: count.min(1),
        ops: z
          .array(
            z.strictObject({
              read: z.array(bank).min(1),
              width: count.min(1),
              convs: z.array(conv.nullable()).length(SLOTS),
              write: z.array(bank).min(1),
            }),
          )
          .min(1),
      }),
    )
    .length(3),
});

const ascends = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > (values[i - 1] as number));

type Fault = readonly [part: string, value: unknown, allowed: string];

const convFault = ({ convs }: SmashOperation, { maxKernel, maxGroups }: SmashOptions): Fault | undefined => {
  const active = convs.map((slot) => slot !== null);
  if (!PATTERNS.some(([pattern]) => pattern.join() === active.join()))
    return ['convs', active, 'convolutions 1, 1+3, 1+2, 1+2+3 or all four'];
  const filters = filtersUpTo(maxKernel);
  const groups = groupsUpTo(maxGroups);
  const wrong = convs.find(
    (slot) =>
      slot !== null &&
      !(filters.some(([k, d]) => k === slot[0] && d === slot[1]) && groups.includes(slot[2])),
  );
  return wrong === undefined
    ? undefined
    : [
        'convs',
        wrong,
        `[kernel, dilation] of ${filters.map((pair) => `[${pair.join()}]`).join(' ')}, groups ${groups.join(', ')}`,
      ];
};

const blockFault = (
  { input, bank, ops }: SmashBlock,
  sizes: BlockSizes,
  options: SmashOptions,
): Fault | undefined => {
  if (input !== sizes.input) return ['input', input, `${sizes.input} units`];
  if (input % bank !== 0 || bank > options.maxWidth)
    return ['bank', bank, `divisors of the input's ${input} units up to ${options.maxWidth}`];
  if (ops.length > options.depth)
    return ['ops', `${ops.length} operations`, `at most depth = ${options.depth}`];
  const banks = Math.floor(sizes.memory / bank);
  let filled = input / bank;
  let reads = 0;
  for (const [i, op] of ops.entries()) {
    const { read, width, write } = op;
    const at = (part: string): string => `ops.${i}.${part}`;
    if (!ascends(read) || (read.at(-1) as number) >= filled)
      return [at('read'), read, `ascending numbers of the ${filled} banks written before`];
    reads += read.length * bank;
    if (reads > sizes.reads)
      return [at('read'), read, `at most ${sizes.reads} units read in the whole block`];
    if (width % bank !== 0 || width > options.maxWidth)
      return [at('width'), width, `multiples of the bank's ${bank} units up to ${options.maxWidth}`];
    const groups = width / bank;
    const fresh = write.filter((to) => to >= filled);
    if (!ascends(write) || write.length < groups || fresh.length > groups)
      return [
        at('write'),
        write,
        `ascending numbers of at least ${groups} banks, at most ${groups} of them new`,
      ];
    if (fresh.some((to, j) => to !== filled + j) || filled + fresh.length > banks)
      return [at('write'), write, `new banks in order from ${filled}, ${banks} banks in all`];
    filled += fresh.length;
    const fault = convFault(op, options);
    if (fault !== undefined) return [at(fault[0]), fault[1], fault[2]];
  }
  return undefined;
};

/** What is wrong with a genotype of the right form. */
export const smashFault =
  (options: SmashOptions) =>
  (genotype: SmashGenotype): Fault | undefined => {
    if (genotype.width !== options.maxWidth)
      return ['width', genotype.width, `the space's maxWidth = ${options.maxWidth}`];
    for (const [i, sizes] of blockSizes(options).entries()) {
      const fault = blockFault(genotype.blocks[i] as SmashBlock, sizes, options);
      if (fault !== undefined) return [`blocks.${i}.${fault[0]}`, fault[1], fault[2]];
    }
    return undefined;
  };
