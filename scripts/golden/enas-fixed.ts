import { z } from 'zod';
import type { ImageNetworkSize } from '../../nas/task/images/recipe.ts';
import { parseEnasMacro } from '../../nas/space/enas-macro.ts';
import { parseEnasMicro } from '../../nas/space/enas-micro.ts';
import { countParameters } from '../../nas/training/layers/counting.ts';
import { describeNetwork } from '../../nas/training/layers/shape-layers.ts';
import { enasMacroNetwork, reductionLayers } from '../../nas/training/networks/enas-macro.ts';
import { enasMicroNetwork, microOutputs, reductionCells } from '../../nas/training/networks/enas-micro.ts';
import { describeClassifier } from '../../nas/training/networks/network.ts';
import type { Check } from './fixture.ts';

const count = z.number().int();
const numbers = z.array(count);

const schema = z.looseObject({
  kind: z.literal('enas-fixed'),
  macro: z.looseObject({
    out_filters: count,
    sequence: numbers,
    rows: z.array(numbers),
    pool_after_layers: numbers,
    derived_params_fixed_network_96_filters: count,
  }),
  micro: z.looseObject({
    total_cells_built: count,
    out_filters: count,
    normal: numbers,
    reduce: numbers,
    reduction_cells_at: numbers,
    derived_params_without_auxiliary_head: count,
    derived_params_auxiliary_head: count,
    derived_per_cell: z.array(
      z.object({ layer: count, reduction: z.boolean(), params: count, out_hw: count, out_channels: count }),
    ),
  }),
});
type Fixed = z.infer<typeof schema>;

const equal = (name: string, actual: number, expected: number): Check => ({
  name: `${name} = ${expected}`,
  difference: Math.abs(actual - expected),
  tolerance: 0,
});

const same = (name: string, actual: readonly number[], expected: readonly number[]): Check => ({
  name,
  difference: actual.join() === expected.join() ? 0 : 1,
  tolerance: 0,
});

const IMAGE = [32, 32, 3] as const;
const CLASSES = 10;

const sized = (channels: number, layers: number, auxiliary: boolean) => ({
  size: { channels, layers, stem: 'cifar' } satisfies ImageNetworkSize,
  image: IMAGE,
  classes: CLASSES,
  auxiliary,
});

const macroChecks = (macro: Fixed['macro']): Check[] => {
  const genotype = parseEnasMacro(macro.sequence.join(' '), 'macro.sequence');
  const setting = sized(macro.out_filters, genotype.length, false);
  return [
    same('macro.rows', genotype.flat(), macro.rows.flat()),
    same('macro.pool_after_layers', reductionLayers(genotype.length), macro.pool_after_layers),
    equal(
      'macro.derived_params_fixed_network_96_filters',
      countParameters(describeClassifier(enasMacroNetwork(genotype), setting)),
      macro.derived_params_fixed_network_96_filters,
    ),
  ];
};

const microChecks = (micro: Fixed['micro']): Check[] => {
  const genotype = parseEnasMicro([...micro.normal, ...micro.reduce].join(' '), 'micro');
  const cells = micro.total_cells_built;
  const [whole, plain] = [true, false].map((auxiliary) =>
    describeClassifier(enasMicroNetwork(genotype), sized(micro.out_filters, cells, auxiliary)),
  ) as [ReturnType<typeof describeClassifier>, ReturnType<typeof describeClassifier>];
  let outputs: readonly (readonly [number, number, number])[] = [];
  describeNetwork(IMAGE, (layers, x) => {
    outputs = microOutputs(layers, x, genotype, sized(micro.out_filters, cells, false).size);
  });
  const parameters = countParameters(plain);
  return [
    same('micro.reduction_cells_at', reductionCells(cells), micro.reduction_cells_at),
    equal('micro.cells', micro.derived_per_cell.length, cells),
    equal(
      'micro.derived_params_without_auxiliary_head',
      parameters,
      micro.derived_params_without_auxiliary_head,
    ),
    equal(
      'micro.derived_params_auxiliary_head',
      countParameters(whole) - parameters,
      micro.derived_params_auxiliary_head,
    ),
    ...micro.derived_per_cell.flatMap((cell) => {
      const name = `micro.derived_per_cell.${cell.layer}`;
      const own = plain.declarations.filter(({ name }) => name.startsWith(`cells.${cell.layer}.`));
      const [height, width, channels] = outputs[cell.layer + 1] ?? [0, 0, 0];
      return [
        equal(`${name}.params`, countParameters({ ...plain, declarations: own }), cell.params),
        equal(`${name}.out_hw`, height === width ? height : Number.NaN, cell.out_hw),
        equal(`${name}.out_channels`, channels, cell.out_channels),
      ];
    }),
  ];
};

/** Parameter counts and shapes of the published ENAS networks, exactly. */
export const checkEnasFixed = (document: unknown): readonly Check[] => {
  const { macro, micro } = schema.parse(document);
  return [...macroChecks(macro), ...microChecks(micro)];
};
