import { z } from 'zod';
import { categorical } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import { canonicalDag } from './labelled-dag.ts';
import type { Decisions, Space } from './space.ts';

const HEIGHTS = [1, 3, 5, 7] as const;
const WIDTHS = [1, 3, 5, 7] as const;
const FILTERS = [24, 36, 48, 64] as const;
const STRIDES = [1, 2, 3] as const;
const TYPES = ['conv', 'max_pool'] as const;

/** One layer; `skips[j]` = 1 where it reads layer j (anchor points, §3.3). */
export type NasRlLayer = {
  readonly type: (typeof TYPES)[number];
  /** Height and width of the filter or pooling window. */
  readonly height: number;
  readonly width: number;
  /** Filters of a convolution; a pooling layer keeps its input's channels and ignores it. */
  readonly filters: number;
  readonly stride: number;
  /** One bit for each earlier layer; the layer reads the image where none is set. */
  readonly skips: readonly number[];
};
export type NasRlGenotype = readonly NasRlLayer[];

const oneOf = <T extends number>(values: readonly T[]) =>
  z
    .number()
    .refine((value) => (values as readonly number[]).includes(value), `allowed: ${values.join(', ')}`);

const schema: z.ZodType<NasRlGenotype> = z
  .array(
    z.strictObject({
      type: z.enum(TYPES),
      height: oneOf(HEIGHTS),
      width: oneOf(WIDTHS),
      filters: oneOf(FILTERS),
      stride: oneOf(STRIDES),
      skips: z.array(oneOf([0, 1])),
    }),
  )
  .min(1);

/** Layers that each layer reads; none stands for the image. */
export const nasRlSources = (genotype: NasRlGenotype): readonly (readonly number[])[] =>
  genotype.map(({ skips }) => skips.flatMap((bit, j) => (bit === 1 ? [j] : [])));

/** Layers that no other reads: the classifier does. */
export const nasRlLooseEnds = (genotype: NasRlGenotype): readonly number[] => {
  const read = new Set(nasRlSources(genotype).flat());
  return genotype.flatMap((_, i) => (read.has(i) ? [] : [i]));
};

const PARTS = ['type', 'height', 'width', 'filters', 'stride'] as const;
const PART_SIZES = [TYPES, HEIGHTS, WIDTHS, FILTERS, STRIDES].map((values) => values.length);

/** The choices of all layers of a network. */
const layerDecisions = (depth: number): Decisions<NasRlGenotype> => {
  const layers = Array.from({ length: depth }, (_, i) => i);
  const runs: (readonly [number, number])[] = [];
  layers.reduce((at, i) => {
    runs.push([at + PARTS.length, i]);
    return at + PARTS.length + i;
  }, 0);
  return {
    sizes: layers.flatMap((i) => [...PART_SIZES, ...new Array<number>(i).fill(2)]),
    labels: layers.flatMap((i) => [
      ...PARTS.map((part) => `layer ${i}/${part}`),
      ...Array.from({ length: i }, (_, j) => `layer ${i}/skip from ${j}`),
    ]),
    anchors: runs,
    toChoices: (genotype) =>
      genotype.flatMap(({ type, height, width, filters, stride, skips }) => [
        TYPES.indexOf(type),
        (HEIGHTS as readonly number[]).indexOf(height),
        (WIDTHS as readonly number[]).indexOf(width),
        (FILTERS as readonly number[]).indexOf(filters),
        (STRIDES as readonly number[]).indexOf(stride),
        ...skips,
      ]),
    fromChoices: (choices) => {
      let at = 0;
      const next = (): number => choices[at++] as number;
      return layers.map((i) => ({
        type: TYPES[next()] as (typeof TYPES)[number],
        height: HEIGHTS[next()] as number,
        width: WIDTHS[next()] as number,
        filters: FILTERS[next()] as number,
        stride: STRIDES[next()] as number,
        skips: Array.from({ length: i }, next),
      }));
    },
  };
};

/** The graph of the image, the layers and the classifier: the same for all orders of its layers. */
const canonical = (genotype: NasRlGenotype): string =>
  canonicalDag({
    labels: [
      'image',
      ...genotype.map(({ type, height, width, filters, stride }) =>
        // A pooling layer ignores its number of filters.
        [type, height, width, stride, ...(type === 'conv' ? [filters] : [])].join(' '),
      ),
      'classifier',
    ],
    sources: [
      [],
      ...nasRlSources(genotype).map((from) => (from.length === 0 ? [0] : from.map((j) => j + 1))),
      nasRlLooseEnds(genotype).map((i) => i + 1),
    ],
  });

const sizeOf = (depth: number): number =>
  Array.from({ length: depth }, (_, i) => i).reduce(
    (size, i) => size * PART_SIZES.reduce((a, b) => a * b, 1) * 2 ** i,
    1,
  );

const SOURCE =
  'Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning", §3.2–3.4 and §4.1: filter height and ' +
  'width in {1, 3, 5, 7}, filters in {24, 36, 48, 64}, strides in {1, 2, 3}, layer types, skip connections by anchor ' +
  'points. Convolutions are followed by batch norm and ReLU. A layer without input reads the image; layers that no ' +
  'other reads are concatenated at the output; smaller inputs of a concatenation are zero-padded (§3.3). Deviation: ' +
  'a layer has one stride for height and width, where the controller of figure 2 predicts each.';

/** Validation, printing and hashing of networks of the given depths. */
const genotypes = (name: string, depths: readonly number[]) =>
  jsonGenotype<NasRlGenotype>(
    name,
    schema,
    `${depths.join(', ')} layers {"type", "height", "width", "filters", "stride", "skips"}`,
    (genotype) => {
      if (!depths.includes(genotype.length))
        return ['length', genotype.length, `${depths.join(', ')} layers`];
      const at = genotype.findIndex(({ skips }, i) => skips.length !== i);
      return at === -1
        ? undefined
        : [`${at}.skips`, genotype[at]?.skips, `${at} bits, one for each earlier layer`];
    },
    canonical,
  );

/** The space of NAS-RL at one depth. */
export const nasRl = (depth = 6): Space<NasRlGenotype> => {
  const decisions = layerDecisions(depth);
  return {
    name: 'nas-rl',
    source: SOURCE,
    ...genotypes('nas-rl', [depth]),
    ...categorical<NasRlGenotype>(
      decisions.sizes,
      decisions.labels,
      decisions.toChoices,
      decisions.fromChoices as (choices: readonly number[]) => NasRlGenotype,
    ),
    decisions,
    describe: () => ({
      name: 'nas-rl',
      source: SOURCE,
      size: sizeOf(depth),
      lines: [`${depth} layers`, `types: ${TYPES.join(', ')}; filters ${FILTERS.join(', ')}`],
    }),
  };
};

/** Depths of the paper's run: from 6 layers, 2 more every 1,600 samples (§4.1). */
const DEPTHS = [6, 8, 10, 12, 14, 16, 18, 20] as const;

/**
 * Networks of several depths, each two layers deeper than the one before and a level of its own: those of the
 * paper's run by default. One edit changes a choice, or adds or removes the last two layers.
 */
export const nasRlGrowing = (depths: readonly number[] = DEPTHS): Space<NasRlGenotype> => {
  const name = 'nas-rl-growing';
  const spaces = depths.map(nasRl);
  const greatest = Math.max(...depths);
  const deepest = layerDecisions(greatest);
  const of = (genotype: NasRlGenotype) => spaces[levelOf(genotype)] as Space<NasRlGenotype>;
  const levelOf = ({ length }: NasRlGenotype): number => depths.indexOf(length);
  /** The last two layers again behind the network, each reading the layer before it alone. */
  const grown = (genotype: NasRlGenotype): NasRlGenotype => [
    ...genotype,
    ...genotype.slice(-2).map((layer, k) => {
      const at = genotype.length + k;
      return { ...layer, skips: Array.from({ length: at }, (_, j) => (j === at - 1 ? 1 : 0)) };
    }),
  ];
  /** The network with two layers more, or without its last two. */
  const resized = (genotype: NasRlGenotype): readonly NasRlGenotype[] => [
    ...(levelOf(genotype) < depths.length - 1 ? [grown(genotype)] : []),
    ...(levelOf(genotype) > 0 ? [genotype.slice(0, -2)] : []),
  ];
  return {
    name,
    source: `${SOURCE} Depths ${depths.join(', ')} (§4.1).`,
    ...genotypes(name, depths),
    sample: (random) => random.pick(spaces).sample(random),
    mutate: (genotype, random) =>
      random.int(of(genotype).decisions?.sizes.length ?? 1) === 0
        ? random.pick(resized(genotype))
        : of(genotype).mutate(genotype, random),
    crossover: (a, b, random) =>
      a.length === b.length ? of(a).crossover(a, b, random) : random.pick([a, b]),
    neighbours: (genotype) => [...of(genotype).neighbours(genotype), ...resized(genotype)],
    /** One-hot choices of each present layer, zeros for absent ones, and the depth. */
    encode: (genotype) => {
      const features = of(genotype).encode(genotype);
      const width = deepest.sizes.reduce((sum, size) => sum + size, 0);
      return [genotype.length / greatest, ...features, ...new Array<number>(width - features.length).fill(0)];
    },
    levels: depths.map((depth) => ({ name: `depth ${depth}`, decisions: layerDecisions(depth) })),
    describe: () => ({
      name,
      source: SOURCE,
      size: depths.reduce((sum, depth) => sum + sizeOf(depth), 0),
      lines: [`${depths.join(', ')} layers`, `types: ${TYPES.join(', ')}; filters ${FILTERS.join(', ')}`],
    }),
  };
};
