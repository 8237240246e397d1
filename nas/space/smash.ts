import type { Random } from '../core/random.ts';
import { jsonGenotype } from './json-genotype.ts';
import {
  blockSizes,
  filtersUpTo,
  groupsUpTo,
  PATTERNS,
  SLOTS,
  smashFault,
  smashSchema,
  viewOf,
  type BlockSizes,
  type SmashBlock,
  type SmashConv,
  type SmashGenotype,
  type SmashOperation,
  type SmashOptions,
} from './smash-genotype.ts';
import type { Space } from './space.ts';

const SOURCE =
  'Brock, Lim, Ritchie & Weston 2018, "SMASH: One-Shot Model Architecture Search through HyperNetworks", §3.1, with the ' +
  "distributions of the authors' code (ajbrock/SMASH 76aebd1, SMASH.py:434–703). Deviations: filters and dilations are square, a bank's size divides its block's input, " +
  'a block has at most `depth` operations, and its size is not raised while the search trains.';

/** Half the published width and a third of the depth. */
export const DEFAULT_SIZES: SmashOptions = {
  depth: 4,
  width: 2,
  maxWidth: 8,
  maxKernel: 7,
  maxGroups: 8,
};

/**
 * Probability that an element of the architecture is drawn anew by a mutation (ajbrock/SMASH 76aebd1,
 * `perturb_arch.py:5`).
 */
const PERTURB = 0.05;
/** Share of the reference network's parameters that a sampled block uses at least. */
const LEAST_BUDGET = 0.3;

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, i) => from + i * step);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

const weighted = <T>(random: Random, items: readonly T[], weights: readonly number[]): T => {
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const at = weights.findIndex((weight) => (left -= weight) < 0);
  return items[at < 0 ? items.length - 1 : at] as T;
};

/**
 * Where an operation stands: banks written before it, banks at most, and the units that may still be read.
 */
interface Place {
  readonly bank: number;
  readonly filled: number;
  readonly banks: number;
  readonly budget: number;
}

/** Decides for each element of an operation whether it is drawn: all of them without an old one. */
type Redraws = () => boolean;

const drawReads = (random: Random, { bank, filled, budget }: Place): number[] => {
  const count = Math.min(1 + random.int(filled), Math.floor(budget / bank));
  return ascending(random.sample(range(0, filled - 1), count));
};

/** Most likely as wide as what it reads. */
const drawWidth = (random: Random, reads: number, bank: number, most: number): number => {
  const widths = range(bank, most, bank);
  return weighted(
    random,
    widths,
    widths.map((width) => 1 / (0.01 + 10 * Math.abs(width - reads * bank))),
  );
};

/** `kept` with as many new banks, in order. */
const withNew = (kept: readonly number[], fresh: number, { filled }: Place): number[] => [
  ...ascending(kept),
  ...range(filled, filled + fresh - 1),
];

/** To as many banks as the output fills, or to more, each further one e times less likely. */
const drawWrites = (random: Random, groups: number, place: Place): number[] => {
  const { filled, banks } = place;
  const counts = range(groups, Math.max(Math.floor(filled / 2), groups));
  const count = weighted(
    random,
    counts,
    counts.map((n) => Math.exp(groups - n)),
  );
  const fresh = Math.min(groups, banks - filled);
  const chosen = random.sample(range(0, filled + fresh - 1), count);
  const kept = chosen.filter((to) => to < filled);
  return withNew(kept, chosen.length - kept.length, place);
};

/** The old banks where they still fit what is before the operation; new ones are numbered again. */
const keptWrites = (write: readonly number[], groups: number, place: Place): number[] | undefined => {
  const kept = write.filter((to) => to < place.filled);
  const fresh = write.length - kept.length;
  const fits = write.length >= groups && fresh <= Math.min(groups, place.banks - place.filled);
  return fits ? withNew(kept, fresh, place) : undefined;
};

const drawConvs = (
  random: Random,
  { maxKernel, maxGroups }: SmashOptions,
  redraws: Redraws,
  old?: SmashOperation['convs'],
): (SmashConv | null)[] => {
  const filters = filtersUpTo(maxKernel);
  const kernels = [...new Set(filters.map(([kernel]) => kernel))];
  const [pattern, kernel, dilation, groups] = [redraws(), redraws(), redraws(), redraws()];
  const active =
    pattern || old === undefined
      ? weighted(
          random,
          PATTERNS.map(([slots]) => slots),
          PATTERNS.map(([, probability]) => probability),
        )
      : old.map((slot) => slot !== null);
  return range(0, SLOTS - 1).map((slot) => {
    const before = old?.[slot] ?? undefined;
    const k = kernel || before === undefined ? random.pick(kernels) : before[0];
    const allowed = filters.filter(([other]) => other === k).map(([, d]) => d);
    const d =
      dilation || before === undefined || !allowed.includes(before[1]) ? random.pick(allowed) : before[1];
    const g = groups || before === undefined ? random.pick(groupsUpTo(maxGroups)) : before[2];
    return active[slot] === true ? [k, d, g] : null;
  });
};

const drawOperation = (
  random: Random,
  place: Place,
  options: SmashOptions,
  redraws: Redraws,
  old?: SmashOperation,
): SmashOperation => {
  const { bank, filled, budget } = place;
  const readable =
    old !== undefined && old.read.every((from) => from < filled) && old.read.length * bank <= budget;
  const read = redraws() || !readable ? drawReads(random, place) : old.read;
  const width =
    redraws() || old === undefined ? drawWidth(random, read.length, bank, options.maxWidth) : old.width;
  const groups = width / bank;
  const kept = redraws() || old === undefined ? undefined : keptWrites(old.write, groups, place);
  return {
    read,
    width,
    convs: drawConvs(random, options, redraws, old?.convs),
    write: kept ?? drawWrites(random, groups, place),
  };
};

/**
 * Operations one after the other while there is budget left: new ones, or those of `old` with elements drawn
 * anew.
 */
const drawBlock = (
  random: Random,
  sizes: BlockSizes,
  options: SmashOptions,
  bank: number,
  budget: number,
  redraws: Redraws,
  old?: readonly SmashOperation[],
): SmashBlock => {
  const ops: SmashOperation[] = [];
  const banks = Math.floor(sizes.memory / bank);
  let filled = sizes.input / bank;
  let left = budget;
  while (ops.length < (old?.length ?? options.depth) && left >= bank) {
    const place = { bank, filled, banks, budget: left };
    const op = drawOperation(random, place, options, redraws, old?.[ops.length]);
    ops.push(op);
    left -= op.read.length * bank;
    filled = Math.max(filled, (op.write.at(-1) as number) + 1);
  }
  return { input: sizes.input, bank, ops };
};

const replaced = <T>(items: readonly T[], at: number, item: T): T[] =>
  items.map((old, i) => (i === at ? item : old));

/** With `value` where it was not, without it where it was. */
const toggled = (values: readonly number[], value: number): number[] =>
  values.includes(value) ? values.filter((other) => other !== value) : ascending([...values, value]);

/** Operations with one read, write, width or convolution other than this one's, valid or not. */
const editedOperations = (op: SmashOperation, banks: number, options: SmashOptions): SmashOperation[] => {
  const { read, width, convs, write } = op;
  const plain: SmashConv = [3, 1, 1];
  const edits = (slot: SmashConv | null): (SmashConv | null)[] => {
    if (slot === null) return [plain];
    const [k, d, g] = slot;
    return [
      ...filtersUpTo(options.maxKernel).map(([kernel, dilation]): SmashConv => [kernel, dilation, g]),
      ...groupsUpTo(options.maxGroups).map((groups): SmashConv => [k, d, groups]),
    ]
      .filter((other) => other.join() !== slot.join())
      .concat(slot.join() === plain.join() ? ([null] as never[]) : []);
  };
  return [
    ...range(0, banks - 1).map((from) => ({ ...op, read: toggled(read, from) })),
    ...range(1, options.maxWidth)
      .filter((other) => other !== width)
      .map((other) => ({ ...op, width: other })),
    ...range(0, banks - 1).map((to) => ({ ...op, write: toggled(write, to) })),
    ...convs.flatMap((slot, i) => edits(slot).map((other) => ({ ...op, convs: replaced(convs, i, other) }))),
  ].filter((other) => other.read.length > 0 && other.write.length > 0);
};

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** SMASH's networks of memory banks up to the given sizes. */
export const smash = (options: SmashOptions = DEFAULT_SIZES): Space<SmashGenotype> => {
  const sizes = blockSizes(options);
  const fault = smashFault(options);
  const form =
    '{"width": units, "blocks": [three of {"input", "bank", "ops": [{"read", "width", "convs", "write"}, …]}]}';
  const build = (blocks: readonly SmashBlock[]): SmashGenotype => ({ width: options.maxWidth, blocks });
  const always: Redraws = () => true;
  const perturbed = (genotype: SmashGenotype, random: Random): SmashGenotype =>
    build(
      genotype.blocks.map(({ bank, ops }, i) => {
        const block = sizes[i] as BlockSizes;
        return drawBlock(random, block, options, bank, block.reads, () => random.uniform() < PERTURB, ops);
      }),
    );
  return {
    name: 'smash',
    source: SOURCE,
    ...jsonGenotype<SmashGenotype>('smash', smashSchema, form, fault, (genotype) =>
      viewOf(genotype).map(({ input, memory, ops }) => [
        input,
        memory,
        ops.map(({ reads, bottleneck, width, convs, writes }) => [reads, bottleneck, width, convs, writes]),
      ]),
    ),
    sample: (random) =>
      build(
        sizes.map((block) => {
          const banks = range(1, options.maxWidth).filter((bank) => block.input % bank === 0);
          const share = LEAST_BUDGET + (1 - LEAST_BUDGET) * random.uniform();
          const bank = random.pick(banks);
          const budget = Math.max(bank, Math.floor(share * block.reads));
          return drawBlock(random, block, options, bank, budget, always);
        }),
      ),
    mutate: (genotype, random) => {
      const before = JSON.stringify(genotype);
      for (;;) {
        const mutant = perturbed(genotype, random);
        if (JSON.stringify(mutant) !== before) return mutant;
      }
    },
    /** Whole blocks. */
    crossover: (a, b, random) =>
      build(a.blocks.map((block, i) => (random.int(2) === 0 ? block : (b.blocks[i] as SmashBlock)))),
    neighbours: (genotype) =>
      genotype.blocks.flatMap((block, b) =>
        block.ops.flatMap((op, o) =>
          editedOperations(op, Math.floor((sizes[b] as BlockSizes).memory / block.bank), options)
            .map((other) =>
              build(replaced(genotype.blocks, b, { ...block, ops: replaced(block.ops, o, other) })),
            )
            .filter((other) => fault(other) === undefined),
        ),
      ),
    /** By block: the bank's size, and how much, how wide and with what filters its operations work. */
    encode: ({ blocks }) =>
      blocks.flatMap(({ bank, ops }, i) => {
        const { reads, memory } = sizes[i] as BlockSizes;
        const banks = Math.floor(memory / bank);
        const active = ops.flatMap(({ convs }) => convs.filter((slot) => slot !== null));
        const share = (is: (slot: SmashConv) => boolean): number =>
          mean(active.map((slot) => Number(is(slot))));
        return [
          bank / options.maxWidth,
          ops.length / options.depth,
          (ops.reduce((sum, { read }) => sum + read.length, 0) * bank) / reads,
          mean(ops.map(({ read }) => read.length / banks)),
          mean(ops.map(({ write }) => write.length / banks)),
          mean(ops.map(({ width }) => width / options.maxWidth)),
          active.length / (SLOTS * ops.length),
          ...filtersUpTo(options.maxKernel).map(([k, d]) => share((slot) => slot[0] === k && slot[1] === d)),
          ...groupsUpTo(options.maxGroups).map((groups) => share((slot) => slot[2] === groups)),
        ];
      }),
    describe: () => ({
      name: 'smash',
      source: SOURCE,
      lines: [
        `three blocks of at most ${options.depth} operations on memory banks; units of memory ${sizes.map(({ memory }) => memory).join(', ')}`,
        `operations of 1 to ${options.maxWidth} units, each one to four convolutions`,
        `kernel/dilation ${filtersUpTo(options.maxKernel)
          .map((pair) => pair.join('/'))
          .join(', ')}; groups ${groupsUpTo(options.maxGroups).join(', ')}`,
      ],
    }),
  };
};
