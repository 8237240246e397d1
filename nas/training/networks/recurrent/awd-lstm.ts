import type { LstmGenotype } from '../../../space/lstm.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { LSTM_GATES, lstmStep } from '../../layers/lstm.ts';
import type { Declaration } from '../../layers/shape-layers.ts';
import { memoryStack, memoryStates } from './memory-stack.ts';
import { masked, variableOf, type RecurrentNetwork } from './recurrent-network.ts';

/** The embedding starts uniformly in ±this. */
export const AWD_LSTM_BOUND = 0.1;

/** Layers, and units of each but the last. */
type LstmSize = Readonly<Record<keyof LstmGenotype, number>>;

interface Layer {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
}

const layersOf = ({ hidden, layers }: LstmSize, embedding: number): readonly Layer[] =>
  Array.from({ length: layers }, (_, l) => ({
    name: `rnns.${l}`,
    inputs: l === 0 ? embedding : hidden,
    units: l === layers - 1 ? embedding : hidden,
  }));

const declared = ({ name, inputs, units }: Layer): readonly Declaration[] => {
  const variable = (part: string, shape: readonly number[]): Declaration => ({
    name: `${name}.${part}`,
    shape,
    role: 'weight',
    initial: { kind: 'uniform', fanIn: units },
  });
  return [
    variable('weight_ih_l0', [inputs, 4 * units]),
    variable('weight_hh_l0_raw', [units, 4 * units]),
    variable('bias_ih_l0', [4 * units]),
    variable('bias_hh_l0', [4 * units]),
  ];
};

/**
 * The AWD-LSTM (Merity, Keskar & Socher 2018, §2 and §4), the baseline of every search of recurrent cells:
 * stacked LSTMs, the last as wide as the embedding, DropConnect on the recurrent matrices (one mask a window),
 * locked dropout between layers. Names and order of gates are those of salesforce/awd-lstm-lm at 1d466ec5.
 */
export const awdLstmNetwork = (size: LstmSize, embedding: number): RecurrentNetwork => {
  const layers = layersOf(size, embedding);
  const declarations = layers.flatMap(declared);
  return {
    declarations,
    carried: memoryStates(layers.map(({ units }) => units)),
    widths: { input: embedding, output: embedding },
    products: layers.flatMap(({ inputs, units }) => [
      [inputs, 4 * units],
      [units, 4 * units],
    ]),
    run: (call) => {
      const { tf, vars, masks } = call;
      return memoryStack(
        call,
        layers.map(({ name }) => {
          const variable = (part: string): Tensor => variableOf(vars, `${name}.${part}`);
          const recurrent = variable('weight_hh_l0_raw');
          return {
            input: variable('weight_ih_l0'),
            recurrent: masked(tf, recurrent, masks('recurrent', recurrent.shape)),
            bias: tf.add(variable('bias_ih_l0'), variable('bias_hh_l0')),
            parts: LSTM_GATES,
            step: (input, product, memory) =>
              lstmStep(
                tf,
                input.map((part, gate) => tf.add(part, product[gate] as Tensor)),
                memory,
              ),
          };
        }),
      );
    },
  };
};
