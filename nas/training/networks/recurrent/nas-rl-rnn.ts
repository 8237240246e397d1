import {
  TREE_LEAVES,
  treeChildren,
  type NasRlRnnGenotype,
  type TreeCombination,
  type TreeNode,
} from '../../../space/nas-rl-rnn.ts';
import type { Tensor, Tf } from '../../graph/tensor.ts';
import { activate } from '../../layers/activations.ts';
import type { Declaration } from '../../layers/shape-layers.ts';
import { memoryStack, memoryStates, type MemoryStep } from './memory-stack.ts';
import { variableOf, type RecurrentNetwork } from './recurrent-network.ts';

/** Weights start uniformly in ±this: Zaremba et al. 2014, §4.1, the medium LSTM, whose size children have. */
export const NAS_RL_RNN_BOUND = 0.05;

const combine = (tf: Tf, combination: TreeCombination, a: Tensor, b: Tensor): Tensor =>
  combination === 'add' ? tf.add(a, b) : tf.mul(a, b);

/**
 * One step of a cell, from its products of the input and of the hidden state, leaf by leaf: the root's value,
 * and the new memory.
 */
const treeStep = (
  tf: Tf,
  { nodes, inject, injectCombine, injectActivation, newCell }: NasRlRnnGenotype,
  [input, recurrent, memory]: Parameters<MemoryStep>,
): ReturnType<MemoryStep> => {
  const values: Tensor[] = [];
  let kept: Tensor | undefined;
  nodes.forEach(([combination, activation]: TreeNode, node) => {
    const [a, b] =
      node < TREE_LEAVES ? [input[node], recurrent[node]] : treeChildren(node).map((child) => values[child]);
    const combined = combine(tf, combination, a as Tensor, b as Tensor);
    if (node === newCell) kept = combined;
    const value = activate(tf, activation, combined);
    values.push(
      node === inject ? activate(tf, injectActivation, combine(tf, injectCombine, value, memory)) : value,
    );
  });
  return { hidden: values.at(-1) as Tensor, memory: kept as Tensor };
};

interface NasRlRnnSize {
  /** Of the embedding. */
  readonly embedding: number;
  /** Of a cell. */
  readonly width: number;
  readonly layers: number;
}

/**
 * Stacked cells of NAS-RL's space (Zoph & Le 2017, §3.4): every leaf has products of its own of the input and
 * of the hidden state, all of a layer's in one matrix each, without biases as TensorFlow's NASCell. Dropout is
 * locked over time, between layers too (Gal & Ghahramani 2016, as §4.2 regularises the final networks).
 */
export const nasRlRnnNetwork = (
  genotype: NasRlRnnGenotype,
  { embedding, width, layers }: NasRlRnnSize,
): RecurrentNetwork => {
  const columns = TREE_LEAVES * width;
  const rows = Array.from({ length: layers }, (_, l) => (l === 0 ? embedding : width));
  const matrix = (name: string, from: number): Declaration => ({
    name,
    shape: [from, columns],
    role: 'weight',
    initial: { kind: 'within', bound: NAS_RL_RNN_BOUND },
  });
  return {
    declarations: rows.flatMap((from, l) => [
      matrix(`rnns.${l}.kernel`, from),
      matrix(`rnns.${l}.recurrent_kernel`, width),
    ]),
    carried: memoryStates(rows.map(() => width)),
    widths: { input: embedding, output: width },
    products: rows.flatMap((from) => [
      [from, columns],
      [width, columns],
    ]),
    run: (call) =>
      memoryStack(
        call,
        rows.map((_, l) => ({
          input: variableOf(call.vars, `rnns.${l}.kernel`),
          recurrent: variableOf(call.vars, `rnns.${l}.recurrent_kernel`),
          parts: TREE_LEAVES,
          step: (...given) => treeStep(call.tf, genotype, given),
        })),
      ),
  };
};
