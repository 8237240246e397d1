import type { Tensor, Tf } from '../graph/tensor.ts';

/** Hidden and cell state of one LSTM layer, both [batch, hidden]. */
export interface LstmState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

export const zeroLstmState = (tf: Tf, batch: number, hidden: number): LstmState => ({
  hidden: tf.zeros([batch, hidden]),
  cell: tf.zeros([batch, hidden]),
});

/**
 * One step of an LSTM layer (Hochreiter & Schmidhuber 1997 with forget gates). `weights` [inputs + hidden, 4
 * · hidden] and `bias` [4 · hidden], where there is one, hold the input, forget, output gates and the
 * candidate, in this order.
 */
export const lstmStep = (
  tf: Tf,
  input: Tensor,
  { hidden, cell }: LstmState,
  weights: Tensor,
  bias?: Tensor,
): LstmState => {
  const product: Tensor = tf.matMul(tf.concat([input, hidden], 1) as never, weights as never);
  const z = bias === undefined ? product : tf.add(product, bias);
  const [i, f, o, g] = tf.split(z, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const next = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g)));
  return { cell: next, hidden: tf.mul(tf.sigmoid(o), tf.tanh(next)) };
};
