import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';

/** Gradients of a loss with respect to weights and alphas. */
export interface LossGradients {
  readonly weights: Tensors;
  readonly alphas: Tensors;
}

interface UnrolledProblem {
  readonly weights: Tensors;
  /** Gradients of the training loss at the present alphas and the given weights. */
  training(weights: Tensors): LossGradients;
  /** The same of the validation loss. */
  validation(weights: Tensors): LossGradients;
  /** One step ahead of the weights' optimiser by these gradients. */
  unroll(gradients: Tensors): StepAhead;
  /** What stands for v in the product, given the gradients at the weights ahead; themselves unless given. */
  direction?(gradients: Tensors): Tensors;
}

export interface StepAhead {
  readonly weights: Tensors;
  /** ξ: how far the step moves the weights against their gradients, a scalar. */
  readonly rate: Tensor;
}

/** Length of the finite difference's step in weight space (Liu et al. 2019, §2.3, footnote 2). */
const DIFFERENCE_RADIUS = 0.01;

const map = (tensors: Tensors, f: (tensor: Tensor, name: string) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor, name)]));

/**
 * DARTS' second-order architecture gradient (Liu et al. 2019, §2.3, eq. 6 to 8): ∇α Lval(w′, α) − ξ ∇²αw
 * Ltrain(w, α) v with w′ one step ahead and v = ∇w′ Lval(w′, α); the product is the central difference of ∇α
 * Ltrain at w ± ε v, ε = 0.01 / ‖v‖. Four forward and backward passes.
 */
export const unrolledGradient = (tf: Tf, problem: UnrolledProblem): Tensors => {
  const { weights } = problem;
  const ahead = problem.unroll(problem.training(weights).weights);
  const validation = problem.validation(ahead.weights);
  const direction = problem.direction?.(validation.weights) ?? validation.weights;
  const norm = tf.sqrt(tf.addN(Object.values(direction).map((tensor) => tf.sum(tf.square(tensor)))));
  const epsilon = tf.div(DIFFERENCE_RADIUS, norm);
  const along = map(direction, (tensor) => tf.mul(tensor, epsilon));
  const above = problem.training(map(weights, (w, name) => tf.add(w, along[name] as Tensor))).alphas;
  const below = problem.training(map(weights, (w, name) => tf.sub(w, along[name] as Tensor))).alphas;
  const factor = tf.div(ahead.rate, tf.mul(2, epsilon));
  return map(validation.alphas, (gradient, name) =>
    tf.sub(gradient, tf.mul(factor, tf.sub(above[name] as Tensor, below[name] as Tensor))),
  );
};
