import type { HostTensor } from '../program.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { TensorSpec } from '../graph/record.ts';
import type { DropOptions } from '../layers/tensor-layers.ts';
import type { EdgeWeights } from '../supernets/mixture.ts';
import type { Tensor, Tensors } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import type { MixturePlan } from '../../search/one-job/mixture.ts';

/** A minibatch inside a compiled step. */
export interface MixtureBatch {
  readonly tensors: Tensors;
  /** What the passes before this step over its feed have carried on. */
  readonly carried: Tensors;
  /** Of the masks of all passes over it in this step, where the mixture drops values. */
  readonly seed?: Tensor;
}

/** What a strategy reads in one step. Alphas are [edges, operations] for each kind of cell. */
export interface MixtureCall {
  readonly trace: Trace;
  readonly weights: Tensors;
  readonly alphas: Tensors;
  /** Slots of the weights' and of the alphas' optimiser. */
  readonly slots: { readonly weights: Tensors; readonly alphas: Tensors };
  readonly training: MixtureBatch;
  /** For the alphas, where the strategy takes one. */
  readonly search?: MixtureBatch;
  readonly learningRate: Tensor;
  /** The strategy's own inputs. */
  readonly inputs: Tensors;
  /** Loss of a minibatch in training mode; with `drop`, drop-path falls on the sum of each edge. */
  forward(weights: Tensors, edges: EdgeWeights, batch: MixtureBatch, drop?: DropOptions): MixtureForward;
}

export interface MixtureForward {
  /** Regularisers included. */
  readonly loss: Tensor;
  /**
   * Mean loss without regularisers as `main`, the task's sums as `sums/…`, new buffers as `buffers/…`, and
   * what is carried on to the next pass over the feed as `carried/…`.
   */
  readonly extra: Tensors;
}

export interface MixtureMove {
  readonly loss: Tensor;
  /** Of the pass that moved the weights. */
  readonly extra: MixtureForward['extra'];
  /** Of the pass over the search minibatch that moved the alphas, where they have one. */
  readonly searched?: MixtureForward['extra'];
  readonly weights: Tensors;
  readonly alphas: Tensors;
  readonly slots: MixtureCall['slots'];
}

/**
 * A way to move weights and alphas of the mixture network, one compiled step a minibatch. This is where the
 * gradient-based methods differ; data, curve, evaluation and derivation are the same for all.
 */
export interface MixtureStrategy {
  readonly alphaOptimizer: Optimizer;
  /** Alphas start normally distributed. */
  readonly initialAlphas: { readonly mean: number; readonly deviation: number };
  readonly plan: MixturePlan;
  /** The plan's diagnosis may end the search, with the cell of an earlier epoch. */
  readonly stopsEarly?: boolean;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Values of `inputs` for a step, counted from 0. */
  inputsAt(update: number, stepsPerEpoch: number): Readonly<Record<string, HostTensor>>;
  step(call: MixtureCall): MixtureMove;
}
