import { z } from 'zod';
import { checkCellGenotype, type CellGenotype } from '../../nas/space/cell-genotype.ts';
import { parseEnasMacro } from '../../nas/space/enas-macro.ts';
import { parseEnasMicro } from '../../nas/space/enas-micro.ts';
import { PUBLISHED_ENAS } from '../../nas/space/published-enas.ts';
import { countParameters } from '../../nas/training/layers/counting.ts';
import { describeFinalNetwork } from '../../nas/training/networks/darts-final.ts';
import { enasMacroNetwork } from '../../nas/training/networks/enas-macro.ts';
import { enasMicroNetwork } from '../../nas/training/networks/enas-micro.ts';
import { describeClassifier, type BuildNetwork } from '../../nas/training/networks/network.ts';
import { dartsSupernet } from '../../nas/training/supernets/darts-supernet.ts';
import { describeSupernet } from '../../nas/training/supernets/supernet.ts';
import type { Check } from './fixture.ts';

const edges = z.array(z.tuple([z.string(), z.number().int()]));
const cell = z.object({
  normal: edges,
  normal_concat: z.array(z.number().int()),
  reduce: edges,
  reduce_concat: z.array(z.number().int()),
});
const macs = z.object({ conv: z.number().int(), linear: z.number().int(), total: z.number().int() });
const counts = { params_with_auxiliary: z.number().int(), params_without_auxiliary: z.number().int() };

/** `darts_<stem>_C<channels>_L<layers>`: published cells at a published size. */
const SIZED = /^darts_(cifar|imagenet)_C(\d+)_L(\d+)$/;
const MACS = /^macs_(\d+)x(\d+)_without_auxiliary$/;
const SUPERNET = /^C=(\d+),layers=(\d+),classes=(\d+)$/;

const equal = (name: string, actual: number, expected: number): Check => ({
  name: `${name} = ${expected}`,
  difference: Math.abs(actual - expected),
  tolerance: 0,
});

type Stem = 'cifar' | 'imagenet';

const describe = (
  genotype: CellGenotype,
  stem: Stem,
  channels: number,
  layers: number,
  side: number,
  classes: number,
) =>
  [true, false].map((auxiliary) =>
    describeFinalNetwork({
      genotype,
      size: { channels, layers, stem },
      image: [side, side, 3],
      classes,
      auxiliary,
    }),
  ) as [ReturnType<typeof describeFinalNetwork>, ReturnType<typeof describeFinalNetwork>];

const sizedChecks = (
  key: string,
  genotypes: Readonly<Record<string, CellGenotype>>,
  value: unknown,
): Check[] => {
  const [, stem, channels, layers] = SIZED.exec(key) as unknown as [string, Stem, string, string];
  const entries = z.record(z.string(), z.looseObject(counts)).parse(value);
  return Object.entries(entries).flatMap(([name, entry]) => {
    const macsKey = Object.keys(entry).find((k) => MACS.test(k));
    if (macsKey === undefined) throw new Error(`${key}.${name}: no multiply-adds`);
    const side = Number((MACS.exec(macsKey) as RegExpExecArray)[1]);
    const expected = macs.parse(entry[macsKey]);
    const genotype = genotypes[name];
    if (genotype === undefined) throw new Error(`${key}.${name}: no such genotype in the file`);
    const classes = stem === 'imagenet' ? 1000 : 10;
    const [whole, plain] = describe(genotype, stem, Number(channels), Number(layers), side, classes);
    return [
      equal(`${key}.${name}.params_with_auxiliary`, countParameters(whole), entry.params_with_auxiliary),
      equal(
        `${key}.${name}.params_without_auxiliary`,
        countParameters(plain),
        entry.params_without_auxiliary,
      ),
      equal(`${key}.${name}.macs.conv`, plain.multiplyAdds.convolution, expected.conv),
      equal(`${key}.${name}.macs.linear`, plain.multiplyAdds.linear, expected.linear),
    ];
  });
};

const smallChecks = (genotypes: Readonly<Record<string, CellGenotype>>, value: unknown): Check[] => {
  const entry = z.object({
    genotype: z.string(),
    C: z.number().int(),
    layers: z.number().int(),
    num_classes: z.number().int(),
    ...counts,
  });
  return z
    .array(entry)
    .parse(value)
    .flatMap((item) => {
      const genotype = genotypes[item.genotype];
      if (genotype === undefined)
        throw new Error(`darts_cifar_small: no genotype '${item.genotype}' in the file`);
      const [whole, plain] = describe(genotype, 'cifar', item.C, item.layers, 32, item.num_classes);
      const name = `darts_cifar_small.${item.genotype}.C${item.C}.L${item.layers}`;
      return [
        equal(`${name}.params_with_auxiliary`, countParameters(whole), item.params_with_auxiliary),
        equal(`${name}.params_without_auxiliary`, countParameters(plain), item.params_without_auxiliary),
      ];
    });
};

const supernetChecks = (value: unknown): Check[] =>
  Object.entries(z.record(z.string(), z.number().int()).parse(value)).map(([key, expected]) => {
    const match = SUPERNET.exec(key);
    if (match === null)
      throw new Error(`darts_cnn_supernet: '${key}' is not of the form C=…,layers=…,classes=…`);
    const [channels, layers, classes] = match.slice(1).map(Number) as [number, number, number];
    const description = describeSupernet(
      dartsSupernet({
        size: { channels, layers, stem: 'cifar' },
        image: [32, 32, 3],
        classes,
      }),
    );
    return equal(`darts_cnn_supernet.${key}`, countParameters(description), expected);
  });

const enasChecks = (value: unknown): Check[] => {
  const entry = z
    .looseObject({
      macro_24_layers_96_filters_derived: z.number().int(),
      micro_derived_without_aux: z.number().int(),
    })
    .parse(value);
  const parameters = (network: BuildNetwork, channels: number, layers: number): number =>
    countParameters(
      describeClassifier(network, {
        size: { channels, layers, stem: 'cifar' },
        image: [32, 32, 3],
        classes: 10,
        auxiliary: false,
      }),
    );
  return [
    equal(
      'enas.macro_24_layers_96_filters_derived',
      parameters(enasMacroNetwork(parseEnasMacro(PUBLISHED_ENAS.macro.ENAS_MACRO)), 96, 24),
      entry.macro_24_layers_96_filters_derived,
    ),
    equal(
      'enas.micro_derived_without_aux',
      parameters(enasMicroNetwork(parseEnasMicro(PUBLISHED_ENAS.micro.ENAS_MICRO)), 36, 17),
      entry.micro_derived_without_aux,
    ),
  ];
};

/**
 * Published parameter and multiply-add counts of the DARTS space and of ENAS, exactly. Other spaces' sections
 * are reported as such.
 */
export const checkPublishedCounts = (document: unknown): readonly Check[] => {
  const { genotypes_cnn, ...sections } = z
    .looseObject({ kind: z.literal('published-counts'), genotypes_cnn: z.record(z.string(), cell) })
    .parse(document);
  const genotypes = Object.fromEntries(
    Object.entries(genotypes_cnn).map(([name, g]) => [
      name,
      checkCellGenotype({
        normal: g.normal,
        normalConcat: g.normal_concat,
        reduce: g.reduce,
        reduceConcat: g.reduce_concat,
      }),
    ]),
  );
  return Object.entries(sections).flatMap(([key, value]) => {
    if (SIZED.test(key)) return sizedChecks(key, genotypes, value);
    if (key === 'darts_cifar_small') return smallChecks(genotypes, value);
    if (key === 'enas') return enasChecks(value);
    if (key === 'darts_cnn_supernet') return supernetChecks(value);
    return [];
  });
};
