import type { Tensor } from './tensor.ts';

/**
 * Control flow and randomness of a training step, in a form that runs both eagerly (for checks) and compiled.
 * Everything else in a step is plain tfjs.
 */
export interface Trace {
  /** A choice of one of `branches` by an int32 scalar; see `Gate`. */
  gate(index: Tensor, branches: number): Gate;
  /** Uniform float32 numbers in [0, 1) that depend on `seed` (int32 [2]) alone: TensorFlow's Philox. */
  uniform(shape: readonly number[], seed: Tensor): Tensor;
  /** Lets a tensor made inside a gradient function (new buffers, logits) outlive it, until the step ends. */
  keep<T extends Tensor>(tensor: T): T;
}

/**
 * One choice among branches of which only the chosen one computes, forward and backward, when compiled.
 * Values enter a branch by `split` or `parameter` and leave by `merge` or `state`; a branch uses nothing else
 * that needs a gradient. Gradients flow through all four.
 */
export interface Gate {
  /** `x` for each branch; the gradient is that of the chosen branch, so every branch must use its copy. */
  split(x: Tensor): Tensor[];
  /** `w` for one branch; its gradient is zero when another branch is chosen. */
  parameter(branch: number, w: Tensor): Tensor;
  /**
   * A gradient of x from one branch, zero when another is chosen. Compiled, adding it to other gradients
   * computes nothing then.
   */
  gradient(branch: number, dx: Tensor, x: Tensor): Tensor;
  /** The chosen branch's value; all values have one shape. */
  merge(values: readonly Tensor[]): Tensor;
  /** `updated` (computed in the branch) when it is chosen, else `old`; no gradient. */
  state(branch: number, updated: Tensor, old: Tensor): Tensor;
}
