import { MACRO_OPERATIONS, type EnasMacroGenotype, type MacroOperation } from '../../space/enas-macro.ts';
import type { Layers } from '../layers/layers.ts';
import {
  batchNorm,
  checkEvenChannels,
  classify,
  conv,
  enasStem,
  separableConv,
} from '../networks/enas-operations.ts';
import { reduceStates, reductionLayers } from '../networks/enas-macro.ts';
import type { NetworkSetting } from '../networks/network.ts';
import type { Choices } from './enas-choices.ts';
import type { ShareNetwork } from './shared-network.ts';

/** Length of a path: the genotype's integers. */
const macroPathLength = (depth: number): number => (depth * (depth + 1)) / 2;

/** A macro architecture as the path of its child through the shared weights. */
export const macroPath = (genotype: EnasMacroGenotype): Int32Array => Int32Array.from(genotype.flat());

/** Of the batch norm behind a branch's convolution, `batch_norm_with_mask` (`image_ops.py:133–177`). */
const BRANCH_EPSILON = 1e-3;

const normalized = <T>(layers: Layers<T>, y: T, name: string): T =>
  layers.relu(batchNorm(layers, y, `${name}.bn`, BRANCH_EPSILON));

const OPERATIONS = {
  conv_3x3: (layers, x, name, filters) => conv(layers, x, `${name}.conv`, filters, 3),
  sep_conv_3x3: (layers, x, name, filters) => separableConv(layers, x, name, filters, 3),
  conv_5x5: (layers, x, name, filters) => conv(layers, x, `${name}.conv`, filters, 5),
  sep_conv_5x5: (layers, x, name, filters) => separableConv(layers, x, name, filters, 5),
  avg_pool_3x3: (layers, x) => layers.averagePool3x3(x, 1),
  max_pool_3x3: (layers, x) => layers.maxPool3x3(x, 1),
} as const satisfies Record<MacroOperation, <T>(layers: Layers<T>, x: T, name: string, filters: number) => T>;

/** 1×1 convolution, batch norm, ReLU, and the operation, convolutions with batch norm and ReLU. */
const branch = <T>(layers: Layers<T>, x: T, operation: MacroOperation, name: string, filters: number): T => {
  const projected = batchNorm(layers, conv(layers, x, `${name}.in.conv`, filters, 1), `${name}.in.bn`);
  const y = OPERATIONS[operation](layers, layers.relu(projected), name, filters);
  return operation === 'avg_pool_3x3' || operation === 'max_pool_3x3' ? y : normalized(layers, y, name);
};

/**
 * All macro architectures of one depth over shared weights, as the authors' code trains them
 * (melodyguan/enas 4bcfd73, `general_child.py:245–369` and `483–589`; Pham et al. 2018, §2.2 and §2.3). Each
 * operation of a layer has a 1×1 convolution of its own before it; skip connections are added to the
 * operation's result, and batch norm follows. The channels stay the same at reductions; they double in the
 * final network. No ReLU stands before the average.
 *
 * Deviations: the operation that a child chooses computes, where the code computes all of them and always
 * goes on with the last (`general_child.py:267–295`: its `lambda: y` is bound when the loop is over), so here
 * the running statistics of an operation move with the children that use it.
 *
 * @returns logits as features [1, 1, classes].
 */
export const macroSupernet = <T>(
  layers: Layers<T>,
  x: T,
  depth: number,
  setting: NetworkSetting,
  choices: Choices<T>,
  operations: readonly MacroOperation[] = MACRO_OPERATIONS,
): T => {
  const filters = setting.size.channels;
  checkEvenChannels(filters);
  const reductions = reductionLayers(depth);
  let states = [enasStem(layers, x, setting, filters)[1]];
  for (let index = 0; index < depth; index++) {
    const name = `layers.${index}`;
    const at = macroPathLength(index);
    const input = states.at(-1) as T;
    let y = choices.one(
      layers,
      input,
      at,
      operations.map(
        (operation) => (inner, h) => branch(inner, h, operation, `${name}.${operation}`, filters),
      ),
    );
    if (index > 0) {
      for (let from = 0; from < index; from++)
        y = choices.plus(layers, y, states[from] as T, at + 1 + from, (_, state) => state);
      y = batchNorm(layers, y, `${name}.skip.bn`);
    }
    states.push(y);
    if (reductions.includes(index)) states = reduceStates(layers, states, `reductions.${index}`, filters);
  }
  return classify(layers, layers.globalAverage(states.at(-1) as T), setting.classes);
};

export const macroShared: ShareNetwork<{ readonly depth: number }> = ({ depth }, setting) => ({
  pathLength: macroPathLength(depth),
  scoreStatistics: 'running',
  encodePath: (genotype) => macroPath(genotype as EnasMacroGenotype),
  network: (layers, x, choices) => macroSupernet(layers, x, depth, setting, choices),
});
