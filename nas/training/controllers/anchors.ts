import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

const product = (tf: Tf, a: Tensor, b: Tensor): Tensor => tf.matMul(a as never, b as never);

/** Parameters of the attention over earlier steps. */
export const attentionParameters = (hidden: number): Record<string, readonly number[]> => ({
  'attention/earlier': [hidden, hidden],
  'attention/current': [hidden, hidden],
  'attention/query': [hidden, 1],
});

/** Earlier steps of the recurrence that later ones may point to (Zoph & Le 2017, §3.3). */
interface Anchors {
  /** `visible`: whether its own state can be read, or zero in its place. */
  add(hidden: Tensor, visible: boolean): void;
  /** qᵀ tanh(W₁ h_earlier + W₂ h) for each anchor, [M, anchors]. */
  scores(hidden: Tensor): Tensor;
  /** Sum of the anchors' states, weighted by `weights` [M, anchors]; [M, H]. */
  read(weights: Tensor): Tensor;
}

export const createAnchors = (tf: Tf, vars: Tensors): Anchors => {
  const states: Tensor[] = [];
  const keys: Tensor[] = [];
  const parameter = (name: string): Tensor => vars[`attention/${name}`] as Tensor;
  return {
    add: (hidden, visible) => {
      states.push(visible ? hidden : tf.zeros(hidden.shape));
      keys.push(product(tf, hidden, parameter('earlier')));
    },
    scores: (hidden) => {
      const [sequences, units] = hidden.shape as [number, number];
      const current = product(tf, hidden, parameter('current'));
      const sums = keys.map((key) => tf.tanh(tf.add(key, current)));
      const all = tf.reshape(tf.stack(sums, 1), [sequences * sums.length, units]);
      return tf.reshape(product(tf, all, parameter('query')), [sequences, sums.length]);
    },
    read: (weights) => tf.sum(tf.mul(tf.stack(states, 1), tf.reshape(weights, [...weights.shape, 1])), 1),
  };
};
