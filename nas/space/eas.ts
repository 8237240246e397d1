import { z } from 'zod';
import type { Random } from '../core/random.ts';
import type { Growth, GrowthEdit } from './growth.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

const FILTERS = [16, 32, 64, 96, 128, 192, 256, 320, 384, 448, 512] as const;
const UNITS = [64, 128, 256, 384, 512, 640, 768, 896, 1024] as const;
const KERNELS = [1, 3, 5] as const;
/**
 * Layers of a block at most, the ten places of the authors' deeper actor
 * (`arch_search_convnet_net2net.py:198`).
 */
const BLOCK_LAYERS = 10;

type Convolution = readonly [filters: number, kernel: number];

/** Blocks of convolutions with a 2 × 2 maximum between two of them, then fully connected layers. */
export type EasGenotype = {
  readonly blocks: readonly (readonly Convolution[])[];
  /** Units of each fully connected layer before the classifier. */
  readonly dense: readonly number[];
};

const oneOf = (values: readonly number[]) =>
  z.number().refine((value) => values.includes(value), `allowed: ${values.join(', ')}`);

const schema: z.ZodType<EasGenotype> = z.strictObject({
  blocks: z
    .array(
      z
        .array(z.tuple([oneOf(FILTERS), oneOf(KERNELS)]))
        .min(1)
        .max(BLOCK_LAYERS),
    )
    .min(1),
  dense: z.array(oneOf(UNITS)).min(1).max(BLOCK_LAYERS),
});

const FORM =
  `{"blocks": [[[filters, kernel], …], …], "dense": [units, …]} with at most ${BLOCK_LAYERS} layers a block, filters ` +
  `in ${FILTERS.join(', ')}, kernels ${KERNELS.join(', ')}, units ${UNITS.join(', ')}`;

/** The small network that the paper's search on CIFAR-10 starts from (Table 1). */
export const EAS_START: EasGenotype = {
  blocks: [[[16, 3]], [[32, 3]], [[64, 3]], [[128, 3]]],
  dense: [256],
};

const SOURCE =
  'Cai et al. 2018, "Efficient Architecture Search by Network Transformation", §4.2: plain convolutional networks; filters, ' +
  'kernels and units as listed there, stride 1, batch norm and ReLU after each layer. Pooling stays where the start network ' +
  'has it. The paper’s DenseNet space is not built.';

/** Widenings and deepenings of a sample, as many as the paper's controller makes. */
const WIDENINGS = 4;
const DEEPENINGS = 5;

interface Place {
  /** The last block is that of the fully connected layers. */
  readonly block: number;
  readonly at: number;
}

/** Where each layer with weights stands, from the input on. */
const placesOf = ({ blocks, dense }: EasGenotype): readonly Place[] =>
  [...blocks, dense].flatMap((layers, block) => layers.map((_, at) => ({ block, at })));

const placeOf = (genotype: EasGenotype, layer: number): Place => {
  const place = placesOf(genotype)[layer];
  if (place === undefined)
    throw new RangeError(`layer ${layer} of a network of ${placesOf(genotype).length}`);
  return place;
};

const widthAt = ({ blocks, dense }: EasGenotype, { block, at }: Place): number =>
  (block === blocks.length ? dense[at] : blocks[block]?.[at]?.[0]) as number;

const changed = (
  { blocks, dense }: EasGenotype,
  block: number,
  convolutions: (layers: readonly Convolution[]) => readonly Convolution[],
  units: (layers: readonly number[]) => readonly number[],
): EasGenotype =>
  block === blocks.length
    ? { blocks, dense: units(dense) }
    : { blocks: blocks.map((layers, b) => (b === block ? convolutions(layers) : layers)), dense };

const withWidth = (genotype: EasGenotype, { block, at }: Place, width: number): EasGenotype =>
  changed(
    genotype,
    block,
    (layers) => layers.map(([filters, kernel], i) => [i === at ? width : filters, kernel]),
    (layers) => layers.map((units, i) => (i === at ? width : units)),
  );

/** With a layer of equal width after the one at the place. */
const withLayer = (genotype: EasGenotype, place: Place, kernel: number): EasGenotype => {
  const { block, at } = place;
  const width = widthAt(genotype, place);
  return changed(
    genotype,
    block,
    (layers) => layers.toSpliced(at + 1, 0, [width, kernel]),
    (layers) => layers.toSpliced(at + 1, 0, width),
  );
};

const withoutLayer = (genotype: EasGenotype, { block, at }: Place): EasGenotype =>
  changed(
    genotype,
    block,
    (layers) => layers.toSpliced(at, 1),
    (layers) => layers.toSpliced(at, 1),
  );

const widthsOf = ({ blocks }: EasGenotype, block: number): readonly number[] =>
  block === blocks.length ? UNITS : FILTERS;
const kernelsOf = ({ blocks }: EasGenotype, block: number): readonly number[] =>
  block === blocks.length ? [1] : KERNELS;

/** The genotype after an edit; throws `RangeError` where it has no such layer. */
export const applyGrowth = (genotype: EasGenotype, edit: GrowthEdit): EasGenotype => {
  const place = placeOf(genotype, edit.layer);
  return edit.kind === 'widen'
    ? withWidth(genotype, place, edit.width)
    : withLayer(genotype, place, edit.kernel);
};

const growthFrom = (start: EasGenotype): Growth<EasGenotype> => {
  const isDense = (block: number): boolean => block === start.blocks.length;
  const wider = (genotype: EasGenotype, place: Place, layer: number): GrowthEdit | undefined => {
    const width = widthsOf(genotype, place.block).find((other) => other > widthAt(genotype, place));
    return width === undefined ? undefined : { kind: 'widen', layer, width };
  };
  const POOL = FILTERS.length * KERNELS.length + UNITS.length;
  const token = (genotype: EasGenotype, { block, at }: Place): number => {
    const width = (widthsOf(genotype, block) as number[]).indexOf(widthAt(genotype, { block, at }));
    const kernel = genotype.blocks[block]?.[at]?.[1];
    return kernel === undefined
      ? FILTERS.length * KERNELS.length + width
      : width * KERNELS.length + (KERNELS as readonly number[]).indexOf(kernel);
  };
  /** One entry a token: of layers with weights what `of` says, of each pooling layer `pool`. */
  const overTokens = <T>(
    genotype: EasGenotype,
    of: (place: Place, layer: number) => T,
    pool: T,
  ): readonly T[] =>
    placesOf(genotype).flatMap((place, layer) =>
      place.at === 0 && place.block > 0 ? [pool, of(place, layer)] : [of(place, layer)],
    );
  return {
    start,
    vocabulary: POOL + 1,
    tokens: (genotype) => overTokens(genotype, (place) => token(genotype, place), POOL),
    wider: (genotype) => overTokens(genotype, (place, layer) => wider(genotype, place, layer), undefined),
    blocks: start.blocks.length + 1,
    blockLayers: BLOCK_LAYERS,
    places: ({ blocks, dense }) =>
      [...blocks, dense].map(({ length }) => (length < BLOCK_LAYERS ? length : 0)),
    kernels: KERNELS,
    hasKernels: (block) => !isDense(block),
    deeper: (genotype, block, place, kernel) => ({
      kind: 'deepen',
      layer: placesOf(genotype).findIndex((other) => other.block === block && other.at === place),
      kernel: isDense(block) ? 1 : (KERNELS[kernel] as number),
    }),
    apply: applyGrowth,
  };
};

/** The networks that one widening or deepening, or the reverse of one, makes of it. */
const neighbours = (genotype: EasGenotype): readonly EasGenotype[] => {
  const lengths = [...genotype.blocks, genotype.dense].map(({ length }) => length);
  return placesOf(genotype).flatMap((place) => {
    const { block, at } = place;
    const widths = widthsOf(genotype, block);
    const width = widthAt(genotype, place);
    const steps = [-1, 1].flatMap((by) => widths[widths.indexOf(width) + by] ?? []);
    // A layer that could have been put there, once for each run of equal layers.
    const removable = at > 0 && widthAt(genotype, { block, at: at - 1 }) === width;
    return [
      ...steps.map((other) => withWidth(genotype, place, other)),
      ...((lengths[block] as number) < BLOCK_LAYERS
        ? kernelsOf(genotype, block).map((kernel) => withLayer(genotype, place, kernel))
        : []),
      ...(removable ? [withoutLayer(genotype, place)] : []),
    ];
  });
};

/** Without repetitions: a layer put before or after an equal one makes the same network. */
const distinct = (genotypes: readonly EasGenotype[]): readonly EasGenotype[] => [
  ...new Map(genotypes.map((genotype) => [JSON.stringify(genotype), genotype])).values(),
];

const encode = ({ blocks, dense }: EasGenotype): readonly number[] => {
  const slots = Array.from({ length: BLOCK_LAYERS }, (_, at) => at);
  const share = (values: readonly number[], value: number | undefined): number =>
    value === undefined ? 0 : (values.indexOf(value) + 1) / values.length;
  return [
    ...blocks.flatMap((layers) =>
      slots.flatMap((at) => [share(FILTERS, layers[at]?.[0]), share(KERNELS, layers[at]?.[1])]),
    ),
    ...slots.map((at) => share(UNITS, dense[at])),
  ];
};

/** Plain convolutional networks that grow out of a start network. Throws `InputError` where it is none. */
export const eas = (start: string = JSON.stringify(EAS_START)): Space<EasGenotype> => {
  const printed = (blocks?: number) =>
    jsonGenotype<EasGenotype>('eas', schema, FORM, (genotype) =>
      blocks === undefined || genotype.blocks.length === blocks
        ? undefined
        : ['blocks', genotype.blocks.length, `${blocks} blocks, as the start network`],
    );
  const first = printed().parse(start, 'space.start');
  const growth = growthFrom(first);
  /**
   * Random widenings, each layer by a fair coin, and deepenings in random order: the authors' random search
   * (han-cai/EAS b20c48a, `code/arch_search/arch_search_convnet_net2net.py:264–288`).
   */
  const sample = (random: Random): EasGenotype =>
    random
      .shuffle([
        ...new Array<'widen'>(WIDENINGS).fill('widen'),
        ...new Array<'deepen'>(DEEPENINGS).fill('deepen'),
      ])
      .reduce((genotype, kind) => {
        if (kind === 'widen')
          return growth
            .wider(genotype)
            .filter((edit) => edit !== undefined && random.int(2) === 1)
            .reduce((at, edit) => growth.apply(at, edit as GrowthEdit), genotype);
        const open = growth
          .places(genotype)
          .flatMap((places, block) => (places > 0 ? [{ block, places }] : []));
        if (open.length === 0) return genotype;
        const { block, places } = random.pick(open);
        const kernel = random.int(growth.kernels.length);
        return growth.apply(genotype, growth.deeper(genotype, block, random.int(places), kernel));
      }, first);
  return {
    name: 'eas',
    source: SOURCE,
    ...printed(first.blocks.length),
    sample,
    mutate: (genotype, random) => random.pick(distinct(neighbours(genotype))),
    crossover: (a, b, random) => ({
      blocks: a.blocks.map((layers, block) =>
        random.int(2) === 0 ? layers : (b.blocks[block] as EasGenotype['blocks'][number]),
      ),
      dense: random.int(2) === 0 ? a.dense : b.dense,
    }),
    neighbours: (genotype) => distinct(neighbours(genotype)),
    encode,
    describe: () => ({
      name: 'eas',
      source: SOURCE,
      lines: [
        `${first.blocks.length} blocks of 1 to ${BLOCK_LAYERS} convolutions, 1 to ${BLOCK_LAYERS} fully connected layers`,
        `filters ${FILTERS.join(', ')}; kernels ${KERNELS.join(', ')}; units ${UNITS.join(', ')}`,
        `samples are ${WIDENINGS} random widenings and ${DEEPENINGS} deepenings away from ${JSON.stringify(first)}`,
      ],
    }),
    growth,
  };
};
