import type { DartsRnnGenotype } from '../../../space/darts-rnn.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { highway } from '../../layers/activations.ts';
import { recur } from '../../layers/recurrence.ts';
import { drawn, halved, masked, productsOf, variableOf, type RecurrentNetwork } from './recurrent-network.ts';

/** Weights start uniformly in ±this. */
export const DARTS_RNN_BOUND = 0.04;

export const FIRST = 'rnns.0._W0';
export const nodeWeight = (node: number): string => `rnns.0._Ws.${node}`;

/** What weights a cell of so many nodes has: a matrix for its inputs, and one a node. */
export const dartsRnnWeights = (nodes: number, width: number): RecurrentNetwork['declarations'] => {
  const matrix = (name: string, rows: number) => ({
    name,
    shape: [rows, 2 * width],
    role: 'weight' as const,
    initial: { kind: 'within' as const, bound: DARTS_RNN_BOUND },
  });
  return [
    matrix(FIRST, 2 * width),
    ...Array.from({ length: nodes }, (_, node) => matrix(nodeWeight(node), width)),
  ];
};

/**
 * A cell of the DARTS space (Liu et al. 2019, §3.1, §A.1): the first state joins input and hidden state, and
 * every node is a highway connection from one state before it; the cell's output is the mean of those in
 * `concat`. A product's first half is the gate, its second the candidate. No biases.
 */
export const dartsRnnNetwork = ({ recurrent, concat }: DartsRnnGenotype, width: number): RecurrentNetwork => {
  const declarations = dartsRnnWeights(recurrent.length, width);
  return {
    declarations,
    carried: { hidden: width },
    widths: { input: width, output: width },
    products: productsOf(declarations),
    run: ({ tf, trace, vars, x, length, carried, masks }) => {
      const batch = x.shape[1] as number;
      const dropped = drawn({ cell: masks('cell', [batch, width]), hidden: masks('hidden', [batch, width]) });
      const { carried: last, outputs } = recur(tf, trace, {
        length,
        inputs: { x },
        carried: { hidden: variableOf(carried, 'hidden') },
        weights: halved(declarations, vars),
        shared: {},
        constants: dropped,
        step: ({ inputs, carried: before, constants, product }) => {
          const halves = (
            weight: string,
            from: Tensor,
          ): { readonly gate: Tensor; readonly candidate: Tensor } => {
            const [gate, candidate] = product(weight, from) as [Tensor, Tensor];
            return { gate, candidate };
          };
          const hidden = before.hidden as Tensor;
          const joined = tf.concat(
            [masked(tf, inputs.x as Tensor, constants.cell), masked(tf, hidden, constants.hidden)],
            1,
          );
          const states = [highway(tf, 'tanh', { state: hidden, ...halves(FIRST, joined) })];
          recurrent.forEach(([activation, from], node) => {
            const state = states[from] as Tensor;
            const product = halves(nodeWeight(node), masked(tf, state, constants.hidden));
            states.push(highway(tf, activation, { state, ...product }));
          });
          const read = concat.map((state) => states[state] as Tensor);
          const output = tf.mul(tf.addN(read), 1 / read.length);
          return { carried: { hidden: output }, outputs: { hidden: output } };
        },
      });
      return { outputs: outputs.hidden as Tensor, carried: last, buffers: {} };
    },
  };
};
