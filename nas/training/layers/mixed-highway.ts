import { customOperation } from '../graph/custom-operation.ts';
import type { Tensor, Tf } from '../graph/tensor.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';

interface MixedHighwayInputs {
  /** [n, B, H]: states that a node may read. */
  readonly states: Tensor;
  /** [n, B, H] each: the halves of their products. */
  readonly gate: Tensor;
  readonly candidate: Tensor;
  /** [n, activations.length]. */
  readonly weights: Tensor;
}

/**
 * Sum over states s and activations f of weight · (s + σ(gate) · (f(candidate) − s)), [B, H]: DARTS' mixture
 * of highway connections (Liu et al. 2019, §2.2), each activation computed once and the sums taken before the
 * gate.
 */
export const mixedHighway = (
  tf: Tf,
  activations: readonly Activation[],
  { states, gate, candidate, weights }: MixedHighwayInputs,
): Tensor => {
  const functions = activations.map((name) => ACTIVATIONS[name]);
  const { sigmoid } = ACTIVATIONS;
  /** The weights of each activation, [n, 1, 1]. */
  const columns = (of: Tensor): Tensor[] =>
    tf.split(tf.reshape(of, [...of.shape, 1]), activations.length, 1) as unknown as Tensor[];
  return customOperation(tf, [states, gate, candidate, weights], {
    forward: ([s, c, h, w]) => {
      const open = sigmoid.value(tf, c as Tensor);
      const values = functions.map(({ value }) => value(tf, h as Tensor));
      const each = columns(w as Tensor);
      const mixed = tf.addN(values.map((value, k) => tf.mul(value, each[k] as Tensor)));
      const kept = tf.mul(s as Tensor, tf.addN(each));
      const difference = tf.sub(mixed, kept);
      return [tf.sum(tf.add(kept, tf.mul(open, difference)), 0), open, difference, ...values];
    },
    backward: ([dy], [s, , , w], [, open, difference, ...values]) => {
      const through = tf.mul(dy as Tensor, open as Tensor);
      const around = tf.sub(dy as Tensor, through);
      const each = columns(w as Tensor);
      return [
        () => tf.mul(around, tf.addN(each)),
        () => sigmoid.gradient(tf, tf.mul(dy as Tensor, difference as Tensor), open as Tensor),
        () =>
          tf.addN(
            functions.map(({ gradient }, k) =>
              gradient(tf, tf.mul(through, each[k] as Tensor), values[k] as Tensor),
            ),
          ),
        () => {
          const shared = tf.sum(tf.mul(around, s as Tensor), [1, 2]);
          const own = values.map((value) => tf.add(tf.sum(tf.mul(through, value), [1, 2]), shared));
          return tf.stack(own, 1);
        },
      ];
    },
  })[0] as Tensor;
};
