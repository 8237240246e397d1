import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

/** A pure optimiser; its state ("slots") is a set of named tensors beside the parameters. */
export interface Optimizer {
  /** Initial slots for parameters of these shapes. */
  slots(params: Readonly<Record<string, { readonly shape: readonly number[] }>>): Record<string, HostTensor>;
  /**
   * New parameters and slots after one step; `learningRate` is a scalar. All have the names they came with.
   */
  update(tf: Tf, step: OptimizerStep): { readonly params: Tensors; readonly slots: Tensors };
  /** The parameters that evaluation uses, where they are not those that steps move. */
  evaluated?(tf: Tf, params: Tensors, slots: Tensors): Tensors;
  /** Slots that change after an epoch, by the validation losses of all epochs so far; undefined: none do. */
  turned?(validationLosses: readonly number[]): Readonly<Record<string, HostTensor>> | undefined;
}

interface OptimizerStep {
  readonly params: Tensors;
  readonly gradients: Tensors;
  readonly slots: Tensors;
  readonly learningRate: Tensor;
}

export const zeroSlot = (shape: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((size, n) => size * n, 1)),
});

export const slotOf = (slots: Tensors, name: string): Tensor => {
  const slot = slots[name];
  if (slot === undefined) throw new Error(`optimiser slot '${name}' is missing`);
  return slot;
};

/** Adds weight decay to a gradient, the coupled (L2) form of all published recipes here. */
export const withDecay = (tf: Tf, gradient: Tensor, param: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(param, weightDecay));
