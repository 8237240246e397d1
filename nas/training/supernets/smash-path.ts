import {
  blockSizes,
  filtersUpTo,
  groupsUpTo,
  SLOTS,
  viewOf,
  type BlockView,
  type OperationView,
  type SmashConv,
  type SmashGenotype,
  type SmashOptions,
} from '../../space/smash-genotype.ts';
import { groupsFor } from '../networks/smash.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';

/** Sizes that all architectures of a space share when they run in one graph. */
interface SmashShapes {
  readonly options: SmashOptions;
  /** Channels of a unit. */
  readonly unit: number;
  /** Units of memory of each block. */
  readonly memory: readonly number[];
  /** Units of each block's input. */
  readonly inputs: readonly number[];
  /** Units read by all operations together at most: rows of the encoding. */
  readonly slices: number;
  /** Channels of the encoding. */
  readonly channels: number;
  /** Kernel sizes with dilations; a path numbers them from 1, 0 is no convolution. */
  readonly filters: readonly (readonly [kernel: number, dilation: number])[];
}

export const smashShapes = (options: SmashOptions, unit: number): SmashShapes => {
  const sizes = blockSizes(options);
  const memory = sizes.map((block) => block.memory);
  const filters = filtersUpTo(options.maxKernel);
  const perSlot = filters.length + groupsUpTo(options.maxGroups).length;
  return {
    options,
    unit,
    memory,
    inputs: sizes.map((block) => block.input),
    slices: sizes.reduce((sum, { reads }) => sum + reads, 0),
    channels: 2 * Math.max(...memory) + sizes.length + options.maxWidth + SLOTS * perSlot,
    filters,
  };
};

/**
 * An architecture as integers, in parts by name: `encoding` [slices, channels], 0 or 1, and `columns`
 * [slices], the units of its columns that are not empty; and for each block b with M units of memory and its
 * `depth` operations, present or not: `memory.b` [M] 1 where not empty, `slices.b` [depth, M] the slice by
 * which an operation reads the unit or −1, `bottleneck.b` [depth], `slots.b` [depth, 4] numbers of filters,
 * `groups.b` [depth, 4, 2, C] the group of each input and output channel of a convolution or −1, `writes.b`
 * [depth, M] the output unit that is added to the unit or −1.
 */
export const smashParts = ({
  options,
  unit,
  memory,
  slices,
  channels,
}: SmashShapes): Readonly<Record<string, readonly number[]>> => {
  const { depth, maxWidth } = options;
  return {
    encoding: [slices, channels],
    columns: [slices],
    ...Object.fromEntries(
      memory.flatMap((units, b) => [
        [`memory.${b}`, [units]],
        [`slices.${b}`, [depth, units]],
        [`bottleneck.${b}`, [depth]],
        [`slots.${b}`, [depth, SLOTS]],
        [`groups.${b}`, [depth, SLOTS, 2, maxWidth * unit]],
        [`writes.${b}`, [depth, units]],
      ]),
    ),
  };
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

export const smashPathLength = (shapes: SmashShapes): number =>
  Object.values(smashParts(shapes)).reduce((sum, shape) => sum + sizeOf(shape), 0);

/** The parts of a path, int32. */
export const unpackPath = (tf: Tf, shapes: SmashShapes, path: Tensor): Record<string, Tensor> => {
  let at = 0;
  return Object.fromEntries(
    Object.entries(smashParts(shapes)).map(([name, shape]) => {
      const part = tf.reshape(tf.slice(path, [at], [sizeOf(shape)]), [...shape]);
      at += sizeOf(shape);
      return [name, part];
    }),
  );
};

/**
 * One slice of the encoding: the unit read, the units written, the block, the width, and the convolutions,
 * each one-hot.
 */
const slice = (
  { options, memory, filters }: SmashShapes,
  block: number,
  read: number,
  { width, convs, writes }: OperationView,
): number[] => {
  const oneHot = (size: number, ...hot: readonly number[]): number[] =>
    Array.from({ length: size }, (_, i) => (hot.includes(i) ? 1 : 0));
  const most = Math.max(...memory);
  const groups = groupsUpTo(options.maxGroups);
  return [
    ...oneHot(most, read),
    ...oneHot(most, ...writes.map(([to]) => to)),
    ...oneHot(memory.length, block),
    ...oneHot(options.maxWidth, width - 1),
    ...convs.flatMap((conv) => [
      ...oneHot(filters.length, conv === null ? -1 : numberOf(filters, conv)),
      ...oneHot(groups.length, conv === null ? -1 : groups.indexOf(conv[2])),
    ]),
  ];
};

const numberOf = (filters: SmashShapes['filters'], [kernel, dilation]: SmashConv): number =>
  filters.findIndex(([k, d]) => k === kernel && d === dilation);

/** The group of each of `most` channels, of which the first `channels` exist. */
const groupRow = (channels: number, groups: number, most: number): number[] =>
  Array.from({ length: most }, (_, i) => (i < channels ? Math.floor((i * groups) / channels) : -1));

/** What an operation adds to the parts of its block; `first` is the number of its first slice. */
const operationParts = (
  { unit, options, filters }: SmashShapes,
  { reads, bottleneck: own, width, convs, writes }: OperationView,
  memory: number,
  first: number,
): Readonly<Record<string, readonly number[]>> => {
  const channels = options.maxWidth * unit;
  // The generated weights end at the widest operation's width (SMASH.py:950 cuts the rows [.., N_max]).
  const bottleneck = Math.min(own, options.maxWidth);
  return {
    slices: Array.from({ length: memory }, (_, at) => (reads.includes(at) ? first + reads.indexOf(at) : -1)),
    bottleneck: [bottleneck],
    slots: convs.map((conv) => (conv === null ? 0 : 1 + numberOf(filters, conv))),
    groups: convs.flatMap((conv, slot) => {
      const [from, to] = [(slot % 2 === 0 ? bottleneck : width) * unit, width * unit];
      const groups = conv === null ? 1 : groupsFor(conv[2], from, to);
      return [...groupRow(from, groups, channels), ...groupRow(to, groups, channels)];
    }),
    writes: Array.from({ length: memory }, (_, at) => writes.find(([to]) => to === at)?.[1] ?? -1),
  };
};

/** An absent operation: reads and writes nothing. */
const ABSENT: OperationView = {
  reads: [],
  bottleneck: 0,
  width: 0,
  convs: Array.from({ length: SLOTS }, () => null),
  writes: [],
};

/** The path of a genotype, int32: its parts one after the other. */
export const smashPath = (shapes: SmashShapes, genotype: SmashGenotype): Int32Array => {
  const { options, memory, slices, channels } = shapes;
  const encoding: number[][] = [];
  const columns: number[] = [];
  const parts: Record<string, number[]> = {};
  viewOf(genotype).forEach((block: BlockView, b) => {
    const units = memory[b] as number;
    parts[`memory.${b}`] = Array.from({ length: units }, (_, at) => (at < block.memory ? 1 : 0));
    for (let o = 0; o < options.depth; o++) {
      const op = block.ops[o] ?? ABSENT;
      for (const [name, values] of Object.entries(operationParts(shapes, op, units, encoding.length)))
        (parts[`${name}.${b}`] ??= []).push(...values);
      for (const read of op.reads) {
        encoding.push(slice(shapes, b, read, op));
        columns.push(op.width);
      }
    }
  });
  const filled = (values: readonly number[], size: number): number[] =>
    Array.from({ length: size }, (_, i) => values[i] ?? 0);
  parts['encoding'] = filled(encoding.flat(), slices * channels);
  parts['columns'] = filled(columns, slices);
  return Int32Array.from(Object.keys(smashParts(shapes)).flatMap((name) => parts[name] as number[]));
};
