import { MACRO_OPERATIONS, type EnasMacroGenotype, type MacroOperation } from '../../space/enas-macro.ts';
import type { Layers } from '../layers/layers.ts';
import { checkEvenChannels, classify, reluConv, reluSeparable } from '../networks/enas-operations.ts';
import { macroStem, reduceStates, reductionLayers } from '../networks/enas-macro.ts';
import type { NetworkSetting } from '../networks/network.ts';
import type { Choices } from './enas-choices.ts';
import type { ShareNetwork } from './shared-network.ts';

/** Length of a path: the genotype's integers. */
const macroPathLength = (depth: number): number => (depth * (depth + 1)) / 2;

/** A macro architecture as the path of its child through the shared weights. */
export const macroPath = (genotype: EnasMacroGenotype): Int32Array => Int32Array.from(genotype.flat());

const OPERATIONS = {
  conv_3x3: (layers, x, name, filters) => reluConv(layers, x, name, filters, 3),
  sep_conv_3x3: (layers, x, name, filters) => reluSeparable(layers, x, name, filters, 3),
  conv_5x5: (layers, x, name, filters) => reluConv(layers, x, name, filters, 5),
  sep_conv_5x5: (layers, x, name, filters) => reluSeparable(layers, x, name, filters, 5),
  avg_pool_3x3: (layers, x) => layers.averagePool3x3(x, 1),
  max_pool_3x3: (layers, x) => layers.maxPool3x3(x, 1),
} as const satisfies Record<MacroOperation, <T>(layers: Layers<T>, x: T, name: string, filters: number) => T>;

const pointwise = <T>(layers: Layers<T>, x: T, name: string, filters: number): T =>
  layers.conv(layers.relu(x), name, { filters, kernel: [1, 1], strides: [1, 1], padding: [0, 0] });

/**
 * All macro architectures of one depth over shared weights (Pham et al. 2018, §2.2 and §2.3). Each operation
 * of a layer has a 1×1 convolution of its own before it. The 1×1 convolution of the concatenated skip
 * connections is the sum of one a source, so that each source's weights are shared by all children that read
 * it ("stabilizing stochastic skip connections", §B). The channels stay the same at reductions, as in the
 * authors' code; they double in the final network.
 *
 * @returns logits as features [1, 1, classes].
 */
export const macroSupernet = <T>(
  layers: Layers<T>,
  x: T,
  depth: number,
  setting: NetworkSetting,
  choices: Choices<T>,
): T => {
  const filters = setting.size.channels;
  checkEvenChannels(filters);
  const reductions = reductionLayers(depth);
  let states = [macroStem(layers, x, setting)];
  for (let index = 0; index < depth; index++) {
    const name = `layers.${index}`;
    const at = macroPathLength(index);
    const input = states.at(-1) as T;
    let y = choices.one(
      layers,
      input,
      at,
      MACRO_OPERATIONS.map((operation) => (inner, h) => {
        const reduced = reluConv(inner, h, `${name}.${operation}.in`, filters, 1);
        return OPERATIONS[operation](inner, reduced, `${name}.${operation}`, filters);
      }),
    );
    if (index > 0) {
      y = pointwise(layers, y, `${name}.skip.own`, filters);
      for (let from = 0; from < index; from++)
        y = choices.plus(layers, y, states[from] as T, at + 1 + from, (inner, state) =>
          pointwise(inner, state, `${name}.skip.${from}`, filters),
        );
      y = layers.batchNorm(y, `${name}.skip.bn`, true);
    }
    states.push(y);
    if (reductions.includes(index)) states = reduceStates(layers, states, `reductions.${index}`, filters);
  }
  return classify(layers, states.at(-1) as T, setting.classes);
};

export const macroShared: ShareNetwork<{ readonly depth: number }> = ({ depth }, setting) => ({
  pathLength: macroPathLength(depth),
  encodePath: (genotype) => macroPath(genotype as EnasMacroGenotype),
  network: (layers, x, choices) => macroSupernet(layers, x, depth, setting, choices),
});
