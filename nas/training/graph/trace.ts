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
  /** Repeats a body; no gradient flows through it (`layers/recurrence.ts` has one that gradients pass). */
  loop(loop: Loop): LoopResult;
  /**
   * The first `length` entries of x along its first axis, which x still seems to have as many of: the shape
   * of the result is known when the graph runs. Only `padded` and operations without sizes of their own may
   * follow, inside of one `customOperation`.
   */
  head(x: Tensor, length: Tensor): Tensor;
  /** A tensor of `length` entries along its first axis with zeros behind them, up to `most`. */
  padded(x: Tensor, length: Tensor, most: number): Tensor;
  /** Lets a tensor made inside a gradient function (new buffers, logits) outlive it, until the step ends. */
  keep<T extends Tensor>(tensor: T): T;
}

/** A body that is repeated as often as a number says that is known when the graph runs. */
export interface Loop {
  /** How often, an int32 scalar of 0 to `most`. */
  readonly length: Tensor;
  readonly most: number;
  /** From the last index to the first. */
  readonly reverse?: boolean;
  /** What the first repetition is given, and each one leaves to the next. */
  readonly carried: readonly Tensor[];
  /** Uses tensors from outside as constants; `index` is an int32 scalar. */
  body(
    index: Tensor,
    carried: readonly Tensor[],
  ): { readonly carried: readonly Tensor[]; readonly collected: readonly Tensor[] };
}

export interface LoopResult {
  /** What the last repetition left. */
  readonly carried: readonly Tensor[];
  /** By index, [length, …]; `head` says what may be done with them. */
  readonly collected: readonly Tensor[];
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
