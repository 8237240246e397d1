import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import { attentionParameters } from './anchors.ts';
import { embed, single, squash, type Choose } from './controller.ts';
import { lstmStep, zeroLstmState } from './lstm-cell.ts';

export interface RecurrenceSettings {
  readonly hiddenUnits: number;
  readonly temperature: number;
  readonly operationTanhConstant: number;
}

/**
 * Parameters of ENAS' controllers: the first input, the LSTM layer (without biases), the operations' softmax,
 * the attention.
 */
export const recurrenceParameters = (
  hiddenUnits: number,
  operations: number,
): Record<string, readonly number[]> => ({
  start: [1, hiddenUnits],
  'lstm/weights': [2 * hiddenUnits, 4 * hiddenUnits],
  'operation/embedding': [operations, hiddenUnits],
  'operation/softmax': [hiddenUnits, operations],
  ...attentionParameters(hiddenUnits),
});

/** One LSTM layer on its way through M sequences. */
interface Recurrence {
  /** The first input, [M, H]. */
  readonly start: Tensor;
  /** A step on an input [M, H]; the hidden state, [M, H]. */
  step(input: Tensor): Tensor;
  /**
   * Decision `at`, an operation, from a step on `input`, `preference` [operations] added to its logits; the
   * embedding of the choice, [M, H].
   */
  operation(input: Tensor, choose: Choose, at: number, preference?: Tensor): Tensor;
}

export const startRecurrence = (
  tf: Tf,
  vars: Tensors,
  sequences: number,
  { hiddenUnits, temperature, operationTanhConstant }: RecurrenceSettings,
): Recurrence => {
  const variable = (name: string): Tensor => vars[name] as Tensor;
  let state = zeroLstmState(tf, sequences, hiddenUnits);
  const step = (input: Tensor): Tensor => {
    state = lstmStep(tf, input, state, variable('lstm/weights'));
    return state.hidden;
  };
  return {
    start: tf.tile(variable('start'), [sequences, 1]),
    step,
    operation: (input, choose, at, preference) => {
      const product: Tensor = tf.matMul(step(input) as never, variable('operation/softmax') as never);
      const bias = vars['operation/bias'];
      const scores = bias === undefined ? product : tf.add(product, bias);
      const squashed = squash(tf, scores, temperature, operationTanhConstant);
      const logits = preference === undefined ? squashed : tf.add(squashed, preference);
      const chosen = choose(single(tf, logits), at);
      return embed(tf, variable('operation/embedding'), tf.reshape(chosen, [sequences]));
    },
  };
};
