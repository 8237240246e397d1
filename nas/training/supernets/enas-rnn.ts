import { ENAS_RNN_ACTIVATIONS, type EnasRnnGenotype } from '../../space/enas-rnn.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import type { Activation } from '../layers/activations.ts';
import { lookUp } from '../layers/embedding.ts';
import { featureNormEvaluation, featureNormTraining, movedStatistics } from '../layers/feature-norm.ts';
import { mixedHighway } from '../layers/mixed-highway.ts';
import { recur, type RecurrentWeight } from '../layers/recurrence.ts';
import type { Declaration } from '../layers/shape-layers.ts';
import { enasRnnBound } from '../networks/recurrent/enas-rnn.ts';
import { drawn, masked, variableOf, type RecurrentNetwork } from '../networks/recurrent/recurrent-network.ts';

/** How a program shares weights among the cells. */
export interface EnasRnnSharing {
  /** Nodes of a cell, the first included. */
  readonly nodes: number;
  /** In the numbering of the cells. */
  readonly activations: readonly Activation[];
  /** Whether node 0 has an activation and matrix of the cell's choice; tanh and one matrix where not. */
  readonly choosesFirst: boolean;
  /** Whether each product and the output are normalised over the batch. */
  readonly normalizes: boolean;
  /** The output is the mean of the nodes that no other reads, or of all behind node 0. */
  readonly output: 'loose-ends' | 'searched-nodes';
}

/** As melodyguan/enas at 4bcfd73b shares them (src/ptb/ptb_enas_child.py). */
export const enasSharing = (nodes: number, activations: number): EnasRnnSharing => ({
  nodes,
  activations: ENAS_RNN_ACTIVATIONS.slice(0, activations),
  choosesFirst: true,
  normalizes: true,
  output: 'loose-ends',
});

/** The input that says which cell computes, in the integers of its published form. */
export const ENAS_RNN_PATH = 'path';
export const enasRnnPath = (genotype: EnasRnnGenotype): Int32Array => Int32Array.from(genotype);

/** Added to every variance, and what the running statistics keep of themselves. */
const EPSILON = 1;
const DECAY = 0.999;

const FIRST = 'w_prev';
const nodeWeight = (node: number): string => `w_skip.${node}`;
const normOf = (use: number | 'out'): string => `bn.${use}`;

/** One of the matrices that lie along the first axis of [choices, rows, columns]. */
const chosenMatrix = (tf: Tf, matrices: Tensor, choice: Tensor): RecurrentWeight => {
  const [choices, rows, columns] = matrices.shape as [number, number, number];
  const flat = tf.reshape(matrices, [choices, rows * columns]);
  const matrix = tf.reshape(lookUp(tf, flat, tf.reshape(choice, [1, 1])), [rows, columns]);
  return { matrix, parts: 2 };
};

/**
 * ENAS' recurrent cells with shared weights (Pham et al. 2018, §2.1): a matrix for each node, node that it may
 * read, and activation. One graph computes every cell. Batch norms are there in search alone, one a node and
 * one for the output.
 *
 * Deviation: running statistics start at 0 and 1; TensorFlow corrects them for their start.
 */
export const enasRnnShared = (width: number, sharing: EnasRnnSharing): RecurrentNetwork => {
  const { nodes, activations, choosesFirst, normalizes, output: readout } = sharing;
  const count = activations.length;
  const behind = Array.from({ length: nodes - 1 }, (_, i) => i + 1);
  const weight = (name: string, shape: readonly number[]): Declaration => ({
    name,
    shape,
    role: 'weight',
    initial: { kind: 'within', bound: enasRnnBound(width) },
  });
  const norms = [...Array.from({ length: nodes }, (_, node) => node), 'out' as const];
  const sizeOf = (use: number | 'out'): number => (use === 'out' ? width : 2 * width);
  const normalization = norms.flatMap((use): Declaration[] => {
    const part = (name: string, role: Declaration['role'], value: number): Declaration => ({
      name: `${normOf(use)}.${name}`,
      shape: [sizeOf(use)],
      role,
      initial: { kind: 'constant', value },
    });
    return [
      part('scale', 'weight', 1),
      part('offset', 'weight', 0),
      part('running_mean', 'buffer', 0),
      part('running_var', 'buffer', 1),
    ];
  });
  return {
    declarations: [
      weight(FIRST, [choosesFirst ? count : 1, 2 * width, 2 * width]),
      ...behind.map((node) => weight(nodeWeight(node), [node * count, width, 2 * width])),
      ...(normalizes ? normalization : []),
    ],
    carried: { hidden: width },
    widths: { input: width, output: width },
    products: [[2 * width, 2 * width], ...behind.map(() => [width, 2 * width] as const)],
    ...(normalizes && { normalizes }),
    run: ({ tf, trace, vars, x, length, carried, masks, isTraining, inputs }) => {
      const batch = x.shape[1] as number;
      const path = tf.unstack(variableOf(inputs, ENAS_RNN_PATH));
      const first = choosesFirst ? (path[0] as Tensor) : tf.scalar(0, 'int32');
      const pairs = path.slice(choosesFirst ? 1 : 0);
      const reads = behind.map((node) => pairs[2 * node - 2] as Tensor);
      const functions = [first, ...behind.map((node) => pairs[2 * node - 1] as Tensor)];
      const choiceOf = (node: number): Tensor =>
        tf.add(tf.mul(reads[node - 1] as Tensor, tf.scalar(count, 'int32')), functions[node] as Tensor);
      const readNodes = tf.stack(reads.map((read) => tf.oneHot(read as never, nodes, 1, 0, 'float32')));
      const isOutput =
        readout === 'loose-ends' ? tf.sub(1, tf.max(readNodes, 0)) : tf.tensor1d([0, ...behind.map(() => 1)]);
      const normUses = normalizes ? norms : [];
      const {
        carried: last,
        outputs,
        statistics,
      } = recur(tf, trace, {
        length,
        inputs: { x },
        carried: { hidden: variableOf(carried, 'hidden') },
        weights: {
          [FIRST]: chosenMatrix(tf, variableOf(vars, FIRST), first),
          ...Object.fromEntries(
            behind.map((node) => [
              nodeWeight(node),
              chosenMatrix(tf, variableOf(vars, nodeWeight(node)), choiceOf(node)),
            ]),
          ),
        },
        shared: Object.fromEntries(
          normUses.flatMap((use) =>
            ['scale', 'offset'].map((part) => {
              const name = `${normOf(use)}.${part}`;
              return [name, variableOf(vars, name)];
            }),
          ),
        ),
        constants: {
          ...drawn({ cell: masks('cell', [batch, width]), hidden: masks('hidden', [batch, width]) }),
          reads: tf.reshape(tf.stack(reads), [nodes - 1, 1, 1]),
          functions: tf.stack(functions.map((choice) => tf.oneHot(choice as never, count, 1, 0, 'float32'))),
          mean: tf.reshape(tf.div(isOutput, tf.sum(isOutput)), [1, nodes]),
          ...(isTraining
            ? {}
            : Object.fromEntries(
                normUses.flatMap((use) =>
                  ['running_mean', 'running_var'].map((part) => {
                    const name = `${normOf(use)}.${part}`;
                    return [name, variableOf(vars, name)];
                  }),
                ),
              )),
        },
        step: ({ inputs: at, carried: before, shared, constants, product }) => {
          const uses: Record<string, Tensor> = {};
          const normal = (value: Tensor, use: number | 'out'): Tensor => {
            if (!normalizes) return value;
            const name = normOf(use);
            const affine = {
              scale: shared[`${name}.scale`] as Tensor,
              offset: shared[`${name}.offset`] as Tensor,
            };
            if (!isTraining) {
              const mean = constants[`${name}.running_mean`] as Tensor;
              const variance = constants[`${name}.running_var`] as Tensor;
              return featureNormEvaluation(tf, value, { mean, variance }, { affine, epsilon: EPSILON });
            }
            const { y, mean, variance } = featureNormTraining(tf, value, { affine, epsilon: EPSILON });
            uses[`${name}.running_mean`] = mean;
            uses[`${name}.running_var`] = variance;
            return y;
          };
          const node = (index: number, state: Tensor, products: readonly Tensor[]): Tensor => {
            const [candidate, gate] = tf
              .split(normal(tf.concat([...products], 1), index), 2, 1)
              .map((half) => tf.reshape(half, [1, batch, width])) as [Tensor, Tensor];
            const states = tf.reshape(state, [1, batch, width]);
            const chooses = index > 0 || choosesFirst;
            return mixedHighway(tf, chooses ? activations : ['tanh'], {
              states,
              gate,
              candidate,
              weights: chooses
                ? tf.slice(constants.functions as Tensor, [index, 0], [1, count])
                : tf.ones([1, 1]),
            });
          };
          const hidden = before.hidden as Tensor;
          const chosen = tf.unstack(constants.reads as Tensor);
          const joined = tf.concat(
            [masked(tf, at.x as Tensor, constants.cell), masked(tf, hidden, constants.hidden)],
            1,
          );
          const states = [node(0, hidden, product(FIRST, joined))];
          for (const index of behind) {
            const rows = tf.reshape(tf.stack(states), [index, batch * width]);
            const state = tf.reshape(lookUp(tf, rows, chosen[index - 1] as Tensor), [batch, width]);
            const dropped = masked(tf, state, constants.hidden);
            states.push(node(index, state, product(nodeWeight(index), dropped)));
          }
          const all = tf.reshape(tf.stack(states), [nodes, batch * width]);
          const mean = tf.reshape(tf.matMul(constants.mean as never, all as never), [batch, width]);
          const output = normal(mean, 'out');
          return { carried: { hidden: output }, outputs: { hidden: output }, statistics: uses };
        },
      });
      const buffers = Object.entries(statistics).map(([name, uses]) => {
        const each = tf.reshape(uses, [uses.shape[0] as number, 1, uses.shape[1] as number]);
        return [name, movedStatistics(tf, variableOf(vars, name), each, length, 1 - DECAY)];
      });
      return {
        outputs: outputs.hidden as Tensor,
        carried: last,
        buffers: Object.fromEntries(buffers) as Record<string, Tensor>,
      };
    },
  };
};
