import type { Tensor } from '../graph/tensor.ts';
import { embed, single, squash, type Controller } from './controller.ts';
import { lstmStep, zeroLstmState } from './lstm-cell.ts';

interface CategoricalControllerSettings {
  /** Options of each decision. */
  readonly sizes: readonly number[];
  readonly hiddenUnits: number;
  readonly temperature: number;
  readonly tanhConstant: number;
}

/**
 * The controller of a fixed list of decisions, such as the operations on the edges of a cell (Dong & Yang
 * 2020, §5, for NAS-Bench-201): one LSTM layer, a step a decision, whose input is the embedding of the choice
 * before. Decisions with equally many options share their softmax and embedding.
 */
export const categoricalController = (settings: CategoricalControllerSettings): Controller => {
  const { sizes, hiddenUnits, temperature, tanhConstant } = settings;
  const tables = [...new Set(sizes)].map((size): Record<string, readonly number[]> => ({
    [`of${size}/embedding`]: [size, hiddenUnits],
    [`of${size}/softmax`]: [hiddenUnits, size],
  }));
  return {
    decisions: sizes.length,
    entropyOf: 'distributions',
    parameters: {
      start: [1, hiddenUnits],
      'lstm/weights': [2 * hiddenUnits, 4 * hiddenUnits],
      'lstm/bias': [4 * hiddenUnits],
      ...Object.assign({}, ...tables),
    },
    run: (tf, vars, sequences, choose) => {
      const variable = (name: string): Tensor => vars[name] as Tensor;
      let state = zeroLstmState(tf, sequences, hiddenUnits);
      let input = tf.tile(variable('start'), [sequences, 1]);
      sizes.forEach((size, at) => {
        state = lstmStep(tf, input, state, variable('lstm/weights'), variable('lstm/bias'));
        const scores = tf.matMul(state.hidden as never, variable(`of${size}/softmax`) as never);
        const chosen = choose(single(tf, squash(tf, scores, temperature, tanhConstant)), at);
        input = embed(tf, variable(`of${size}/embedding`), tf.reshape(chosen, [sequences]));
      });
      return {};
    },
  };
};
