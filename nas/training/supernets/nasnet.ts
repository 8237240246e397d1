import {
  NASNET_BLOCKS,
  NASNET_OPERATIONS,
  nasnetOutputs,
  type NasnetCell,
  type NasnetGenotype,
  type NasnetOperation,
} from '../../space/nasnet.ts';
import { PNAS_OPERATIONS, pnasAsNasnet, type PnasGenotype } from '../../space/pnas.ts';
import type { Layers } from '../layers/layers.ts';
import { planCells, type CellPlan } from '../networks/cell-plan.ts';
import { classify } from '../networks/conv-block.ts';
import { checkEvenChannels } from '../networks/enas-operations.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { nasnetStem } from '../networks/stems.ts';
import { NASNET_CELL_OPERATIONS, factorizedReduce, reluConvBatchNorm } from '../layers/operations.ts';
import type { Alternative, Choices } from './enas-choices.ts';
import type { ShareNetwork } from './shared-network.ts';

const AFFINE = true;
/** What becomes of a block's two branches: added, or joined, and then for its readers projected. */
const [ADDED, JOINED] = [0, 1] as const;
/** What of a block goes on to the cell's output. */
const [INSIDE, SUM, BOTH] = [0, 1, 2] as const;

/** Path entries of a normal cell's edge: state and operation. */
const EDGE = 2;
/** Of a reduction cell's: among its inputs, operation or none, then the same among its blocks. */
const REDUCING_EDGE = 4;
/** After a block's two edges: how its readers see it, and what goes on. */
const ENDS = 2;
const INPUTS = [0, 1] as const;
/** After all blocks: whether each of the cell's inputs goes on. */
const cellPathLength = (reduction: boolean): number =>
  NASNET_BLOCKS * (2 * (reduction ? REDUCING_EDGE : EDGE) + ENDS) + INPUTS.length;

/** Path entries of all cells. */
export const NASNET_PATH_LENGTH = cellPathLength(false) + cellPathLength(true);

/** Which of the two spaces a supernet is of. */
interface NasnetFamily {
  /** Of an edge. */
  readonly operations: readonly NasnetOperation[];
  /** Whether blocks may join their branches instead of adding them. */
  readonly joins: boolean;
  /** Whether a cell may pass its inputs on. */
  readonly passesInputs: boolean;
  path(genotype: never): Int32Array;
}

const cellPath = (
  genotype: NasnetGenotype,
  kind: NasnetCell,
  operations: readonly NasnetOperation[],
): readonly number[] => {
  const reduction = kind === 'reduce';
  const blocks = genotype[kind];
  const ends = nasnetOutputs(genotype, kind);
  const edge = (state: number, operation: NasnetOperation): readonly number[] => {
    const number = operations.indexOf(operation);
    if (!reduction) return [state, number];
    return state < 2 ? [state, 1 + number, 0, 0] : [0, 0, state - 2, 1 + number];
  };
  const ofBlocks = Array.from({ length: NASNET_BLOCKS }, (_, b) => {
    const block = blocks[b];
    // A block that a smaller cell does not have: nothing reads it.
    if (block === undefined) return [...edge(0, 'identity'), ...edge(0, 'identity'), ADDED, INSIDE];
    const [first, second, firstOperation, secondOperation, combination] = block;
    const joined = combination === 'concat';
    const end = !ends.includes(b + 2) ? INSIDE : joined ? BOTH : SUM;
    return [...edge(first, firstOperation), ...edge(second, secondOperation), joined ? JOINED : ADDED, end];
  });
  return [...ofBlocks.flat(), ...INPUTS.map((state) => Number(ends.includes(state)))];
};

const pathOf = (genotype: NasnetGenotype, operations: readonly NasnetOperation[]): Int32Array =>
  Int32Array.from([...cellPath(genotype, 'normal', operations), ...cellPath(genotype, 'reduce', operations)]);

export const NASNET_FAMILIES = {
  nasnet: {
    operations: NASNET_OPERATIONS,
    joins: true,
    passesInputs: true,
    path: (genotype: NasnetGenotype) => pathOf(genotype, NASNET_OPERATIONS),
  },
  pnas: {
    operations: PNAS_OPERATIONS,
    joins: false,
    passesInputs: false,
    path: (genotype: PnasGenotype) => pathOf(pnasAsNasnet(genotype), PNAS_OPERATIONS),
  },
} as const satisfies Record<string, NasnetFamily>;

const cell = <T>(
  layers: Layers<T>,
  plan: CellPlan,
  inputs: readonly [T, T],
  { operations, joins, passesInputs }: NasnetFamily,
  choices: Choices<T>,
): T => {
  const { reduction, channels, name } = plan;
  const adjust = plan.previousReduced ? factorizedReduce : reluConvBatchNorm;
  const adjusted = [
    adjust(layers, inputs[0], `${name}.preprocess0`, channels, AFFINE),
    reluConvBatchNorm(layers, inputs[1], `${name}.preprocess1`, channels, AFFINE),
  ];
  /**
   * States of C channels that blocks read: at full size, and in reduction cells those of the blocks at half.
   */
  const blocks: T[] = [];
  const alternatives = (at: string, states: number, stride: 1 | 2): Alternative<T>[] =>
    operations.map(
      (operation) => (inner, x) =>
        NASNET_CELL_OPERATIONS[operation](inner, x, `${at}.${operation}.of${states}.op`, stride, AFFINE),
    );
  const none =
    (stride: 1 | 2): Alternative<T> =>
    (inner, x) =>
      inner.zero(x, stride);
  let at = reduction ? cellPathLength(false) : 0;
  const chosen = (states: readonly T[], run: readonly Alternative<T>[]): T => {
    const y = choices.one(layers, choices.pick(states, at), at + 1, run, at);
    at += 2;
    return y;
  };
  const edge = (edgeName: string): T => {
    if (!reduction) {
      const states = [...adjusted, ...blocks];
      return chosen(states, alternatives(edgeName, states.length, 1));
    }
    const ofInput = chosen(adjusted, [none(2), ...alternatives(`${edgeName}.input`, 2, 2)]);
    if (blocks.length === 0) {
      at += 2;
      return ofInput;
    }
    const ofBlock = chosen([...blocks], [none(1), ...alternatives(`${edgeName}.block`, blocks.length, 1)]);
    return layers.add([ofInput, ofBlock]);
  };
  const outputs: T[] = [];
  for (let b = 0; b < NASNET_BLOCKS; b++) {
    const blockName = `${name}.blocks.${b}`;
    const both = layers.concat([edge(`${blockName}.0`), edge(`${blockName}.1`)]);
    const sum: Alternative<T> = (inner, x) =>
      inner.add([inner.channels(x, 0, channels), inner.channels(x, channels, channels)]);
    const project: Alternative<T> = (inner, x) =>
      reluConvBatchNorm(inner, x, `${blockName}.project`, channels, AFFINE);
    const [h, w] = layers.shape(both);
    blocks.push(choices.one(layers, both, at, joins ? [sum, project] : [sum]));
    outputs.push(
      choices.one(layers, both, at + 1, [
        (inner, x) => inner.zero(joins ? x : sum(inner, x), 1),
        (inner, x) => (joins ? inner.zeroPad(sum(inner, x), [h, w, 2 * channels]) : sum(inner, x)),
        ...(joins ? [(_: Layers<T>, x: T): T => x] : []),
      ]),
    );
    at += ENDS;
  }
  if (passesInputs)
    for (const input of INPUTS)
      outputs.push(
        choices.one(layers, adjusted[input] as T, at + input, [
          (inner, x) => inner.zero(x, reduction ? 2 : 1),
          (inner, x) =>
            reduction ? factorizedReduce(inner, x, `${name}.ends.${input}`, channels, AFFINE) : x,
        ]),
      );
  return layers.concat(outputs);
};

/**
 * All NASNet cells (Zoph et al. 2018, §3), or all PNAS cells (Liu et al. 2018, §3.1) of up to five blocks,
 * over shared weights. A convolution has weights for each edge and each state that the edge can read. A
 * cell's output has room for all its blocks, two branches each where they can be joined, and for its inputs;
 * what a child leaves out is zero, so that it computes what its own network computes, from the rows of the
 * 1×1 convolutions that read what it has. In a reduction cell, inputs and blocks differ in size, so an edge
 * is a choice of each, one of which is zero.
 *
 * @returns logits as features [1, 1, classes].
 */
export const nasnetSupernet = <T>(
  layers: Layers<T>,
  x: T,
  { size, classes }: NetworkSetting,
  family: NasnetFamily,
  choices: Choices<T>,
): T => {
  checkEvenChannels(size.channels);
  const next = (plan: CellPlan, older: T, newer: T): T => cell(layers, plan, [older, newer], family, choices);
  let [s0, s1] = nasnetStem(layers, x, size, next);
  for (const plan of planCells(size)) [s0, s1] = [s1, next(plan, s0, s1)];
  return classify(layers, s1, classes);
};

export const nasnetShared =
  (name: keyof typeof NASNET_FAMILIES): ShareNetwork<object> =>
  (_, setting) => {
    const family = NASNET_FAMILIES[name];
    return {
      pathLength: NASNET_PATH_LENGTH,
      scoreStatistics: 'batch',
      encodePath: (genotype) => family.path(genotype as never),
      network: (layers, x, choices) => nasnetSupernet(layers, x, setting, family, choices),
    };
  };
