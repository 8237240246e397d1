import { customOperation } from '../graph/custom-operation.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { ACTIVATIONS } from './activations.ts';

/** Input, forget, candidate, output: PyTorch's order. */
export const LSTM_GATES = 4;

/**
 * One step of an LSTM (Hochreiter & Schmidhuber 1997) from the sums of its four gates and the memory, [B, H]
 * each. Its gradient is written out: one operation a formula.
 */
export const lstmStep = (
  tf: Tf,
  gates: readonly Tensor[],
  memory: Tensor,
): { readonly hidden: Tensor; readonly memory: Tensor } => {
  const { sigmoid, tanh } = ACTIVATIONS;
  const [hidden, next] = customOperation(tf, [...gates, memory], {
    forward: ([zi, zf, zg, zo, c]) => {
      const [i, f, o] = [zi, zf, zo].map((gate) => sigmoid.value(tf, gate as Tensor)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const g = tanh.value(tf, zg as Tensor);
      const kept = tf.add(tf.mul(f, c as Tensor), tf.mul(i, g));
      const shown = tanh.value(tf, kept);
      return [tf.mul(o, shown), kept, i, f, g, o, shown];
    },
    backward: ([dh, dc], [, , , , c], [, , i, f, g, o, shown]) => {
      const [input, forget, candidate, output, seen] = [i, f, g, o, shown] as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const dKept = tf.add(dc as Tensor, tanh.gradient(tf, tf.mul(dh as Tensor, output), seen));
      return [
        () => sigmoid.gradient(tf, tf.mul(dKept, candidate), input),
        () => sigmoid.gradient(tf, tf.mul(dKept, c as Tensor), forget),
        () => tanh.gradient(tf, tf.mul(dKept, input), candidate),
        () => sigmoid.gradient(tf, tf.mul(dh as Tensor, seen), output),
        () => tf.mul(dKept, forget),
      ];
    },
  }) as [Tensor, Tensor];
  return { hidden, memory: next };
};
