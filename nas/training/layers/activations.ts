import { customOperation } from '../graph/custom-operation.ts';
import { execute, type Attribute, type Tensor, type Tf } from '../graph/tensor.ts';

const FLOAT: Record<string, Attribute> = { T: { type: 'float32' } };
const native = (tf: Tf, op: string, ...inputs: readonly Tensor[]): Tensor =>
  execute(tf, op, FLOAT, inputs)[0] as Tensor;

interface ActivationFunction {
  value(tf: Tf, x: Tensor): Tensor;
  /** From the gradient of the value y, and y. */
  gradient(tf: Tf, dy: Tensor, y: Tensor): Tensor;
}

/** Activations of recurrent cells, one native operation each way, where tfjs takes several. */
export const ACTIVATIONS = {
  tanh: { value: (tf, x) => native(tf, 'Tanh', x), gradient: (tf, dy, y) => native(tf, 'TanhGrad', y, dy) },
  relu: { value: (tf, x) => native(tf, 'Relu', x), gradient: (tf, dy, y) => native(tf, 'ReluGrad', dy, y) },
  sigmoid: {
    value: (tf, x) => native(tf, 'Sigmoid', x),
    gradient: (tf, dy, y) => native(tf, 'SigmoidGrad', y, dy),
  },
  identity: { value: (tf, x) => tf.clone(x), gradient: (tf, dy) => tf.clone(dy) },
} as const satisfies Record<string, ActivationFunction>;

export type Activation = keyof typeof ACTIVATIONS;

/** An activation of x. */
export const activate = (tf: Tf, activation: Activation, x: Tensor): Tensor => {
  const { value, gradient } = ACTIVATIONS[activation];
  return customOperation(tf, [x], {
    forward: ([given]) => [value(tf, given as Tensor)],
    backward: ([dy], _inputs, [y]) => [() => gradient(tf, dy as Tensor, y as Tensor)],
  })[0] as Tensor;
};

/**
 * A highway connection (Zilly et al. 2017): state + σ(gate) · (f(candidate) − state), all of one shape. ENAS
 * and DARTS build their nodes of it.
 */
export const highway = (
  tf: Tf,
  activation: Activation,
  { state, gate, candidate }: { readonly state: Tensor; readonly gate: Tensor; readonly candidate: Tensor },
): Tensor => {
  const { value, gradient } = ACTIVATIONS[activation];
  const { sigmoid } = ACTIVATIONS;
  return customOperation(tf, [state, gate, candidate], {
    forward: ([s, c, h]) => {
      const open = sigmoid.value(tf, c as Tensor);
      const next = value(tf, h as Tensor);
      return [tf.add(s as Tensor, tf.mul(open, tf.sub(next, s as Tensor))), open, next];
    },
    backward: ([dy], [s], [, open, next]) => {
      const through = tf.mul(dy as Tensor, open as Tensor);
      const difference = tf.mul(dy as Tensor, tf.sub(next as Tensor, s as Tensor));
      return [
        () => tf.sub(dy as Tensor, through),
        () => sigmoid.gradient(tf, difference, open as Tensor),
        () => gradient(tf, through, next as Tensor),
      ];
    },
  })[0] as Tensor;
};
