import { RNN_ACTIVATIONS, RNN_NODES, type DartsRnnGenotype } from '../../space/darts-rnn.ts';
import type { Tensor } from '../graph/tensor.ts';
import { highway } from '../layers/activations.ts';
import { lookUp } from '../layers/embedding.ts';
import { mixedHighway } from '../layers/mixed-highway.ts';
import { recur } from '../layers/recurrence.ts';
import { dartsRnnWeights, FIRST, nodeWeight } from '../networks/recurrent/darts-rnn.ts';
import {
  drawn,
  halved,
  masked,
  productsOf,
  variableOf,
  type RecurrentNetwork,
} from '../networks/recurrent/recurrent-network.ts';

/** The input that says which cell computes: for each node its state and its activation, int32. */
export const RNN_PATH = 'path';
export const RNN_PATH_LENGTH = 2 * RNN_NODES;

/** A cell as that input. */
export const dartsRnnPath = ({ recurrent }: DartsRnnGenotype): Int32Array =>
  Int32Array.from(recurrent.flatMap(([activation, state]) => [state, RNN_ACTIVATIONS.indexOf(activation)]));

/**
 * The weights that random search shares among recurrent cells (Li & Talwalkar 2019, §4.3): those of one cell
 * of the DARTS space, a matrix a node, whatever state the node reads and whatever its activation; no batch
 * norm. One graph computes every cell.
 */
export const dartsRnnShared = (width: number): RecurrentNetwork => {
  const declarations = dartsRnnWeights(RNN_NODES, width);
  return {
    declarations,
    carried: { hidden: width },
    widths: { input: width, output: width },
    products: productsOf(declarations),
    run: ({ tf, trace, vars, x, length, carried, masks, inputs }) => {
      const batch = x.shape[1] as number;
      const dropped = drawn({ cell: masks('cell', [batch, width]), hidden: masks('hidden', [batch, width]) });
      const [states, activations] = tf.unstack(
        tf.reshape(variableOf(inputs, RNN_PATH), [RNN_NODES, 2]),
        1,
      ) as [Tensor, Tensor];
      const chosen = {
        states: tf.reshape(states, [RNN_NODES, 1, 1]),
        activations: tf.oneHot(activations as never, RNN_ACTIVATIONS.length, 1, 0, 'float32'),
      };
      const { carried: last, outputs } = recur(tf, trace, {
        length,
        inputs: { x },
        carried: { hidden: variableOf(carried, 'hidden') },
        weights: halved(declarations, vars),
        shared: {},
        constants: { ...dropped, ...chosen },
        step: ({ inputs: at, carried: before, constants, product }) => {
          const hidden = before.hidden as Tensor;
          const joined = tf.concat(
            [masked(tf, at.x as Tensor, constants.cell), masked(tf, hidden, constants.hidden)],
            1,
          );
          const [gate, candidate] = product(FIRST, joined) as [Tensor, Tensor];
          const chosenStates = tf.unstack(constants.states as Tensor);
          const nodes = [highway(tf, 'tanh', { state: hidden, gate, candidate })];
          for (let node = 0; node < RNN_NODES; node++) {
            const rows = tf.reshape(tf.stack(nodes), [node + 1, batch * width]);
            const state = tf.reshape(lookUp(tf, rows, chosenStates[node] as Tensor), [batch, width]);
            const halves = product(nodeWeight(node), masked(tf, state, constants.hidden));
            const [gates, candidates] = halves.map((half) => tf.reshape(half, [1, batch, width]));
            nodes.push(
              mixedHighway(tf, RNN_ACTIVATIONS, {
                states: tf.reshape(state, [1, batch, width]),
                gate: gates as Tensor,
                candidate: candidates as Tensor,
                weights: tf.slice(constants.activations as Tensor, [node, 0], [1, RNN_ACTIVATIONS.length]),
              }),
            );
          }
          const output = tf.mul(tf.addN(nodes.slice(1)), 1 / RNN_NODES);
          return { carried: { hidden: output }, outputs: { hidden: output } };
        },
      });
      return { outputs: outputs.hidden as Tensor, carried: last, buffers: {} };
    },
  };
};
