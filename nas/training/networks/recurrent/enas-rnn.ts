import { enasRnnLooseEnds, enasRnnNodes, type EnasRnnGenotype } from '../../../space/enas-rnn.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { highway } from '../../layers/activations.ts';
import { recur } from '../../layers/recurrence.ts';
import type { Declaration } from '../../layers/shape-layers.ts';
import { drawn, halved, masked, productsOf, variableOf, type RecurrentNetwork } from './recurrent-network.ts';

/** Weights start uniformly in ±this: melodyguan/enas at 4bcfd73b, src/ptb/ptb_enas_child.py:507-512. */
export const enasRnnBound = (width: number): number => (width <= 300 ? 0.1 : width <= 400 ? 0.05 : 0.04);

const FIRST = 'w_prev';
const nodeWeight = (node: number): string => `w_skip.${node}`;

/**
 * A cell of ENAS' recurrent space as it is trained from scratch (Pham et al. 2018, §2.1): node 0 joins input
 * and hidden state, every further node is a highway connection from one before it with a matrix of its own;
 * the output is the mean of the loose ends. A product's first half is the candidate, its second the gate:
 * DARTS has them the other way round. No biases, no batch norm.
 */
export const enasRnnNetwork = (genotype: EnasRnnGenotype, width: number): RecurrentNetwork => {
  const nodes = enasRnnNodes(genotype);
  const loose = enasRnnLooseEnds(genotype);
  const declarations = nodes.map((_, node): Declaration => ({
    name: node === 0 ? FIRST : nodeWeight(node),
    shape: [node === 0 ? 2 * width : width, 2 * width],
    role: 'weight',
    initial: { kind: 'within', bound: enasRnnBound(width) },
  }));
  return {
    declarations,
    carried: { hidden: width },
    widths: { input: width, output: width },
    products: productsOf(declarations),
    run: ({ tf, trace, vars, x, length, carried, masks }) => {
      const batch = x.shape[1] as number;
      const { carried: last, outputs } = recur(tf, trace, {
        length,
        inputs: { x },
        carried: { hidden: variableOf(carried, 'hidden') },
        weights: halved(declarations, vars),
        shared: {},
        constants: drawn({ cell: masks('cell', [batch, width]), hidden: masks('hidden', [batch, width]) }),
        step: ({ inputs, carried: before, constants, product }) => {
          const hidden = before.hidden as Tensor;
          const states: Tensor[] = [];
          nodes.forEach(({ activation, reads }, node) => {
            const state = reads === undefined ? hidden : (states[reads] as Tensor);
            const dropped = masked(tf, state, constants.hidden);
            const [candidate, gate] = (
              reads === undefined
                ? product(FIRST, tf.concat([masked(tf, inputs.x as Tensor, constants.cell), dropped], 1))
                : product(nodeWeight(node), dropped)
            ) as [Tensor, Tensor];
            states.push(highway(tf, activation, { state, gate, candidate }));
          });
          const read = loose.map((node) => states[node] as Tensor);
          const output = tf.mul(tf.addN(read), 1 / read.length);
          return { carried: { hidden: output }, outputs: { hidden: output } };
        },
      });
      return { outputs: outputs.hidden as Tensor, carried: last, buffers: {} };
    },
  };
};
