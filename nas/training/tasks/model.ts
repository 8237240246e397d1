import type { Grouping, Places } from '../graph/packing.ts';
import type { TensorSpec } from '../graph/record.ts';
import type { Scheduled } from '../graph/scheduled.ts';
import type { Tensor, Tensors } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import type { HostTensor } from '../program.ts';
import type { FeedShapes } from './feed.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

export interface ForwardCall {
  readonly trace: Trace;
  /** Weights and buffers by name. */
  readonly vars: Tensors;
  /** Where weights and buffers lie, for networks that gate them; absent where each lies by itself. */
  readonly places?: Places;
  /** The minibatch's tensors by name. */
  readonly batch: Tensors;
  /** What the passes before this one over the feed have carried on. */
  readonly carried: Tensors;
  /** Those that the program gives. */
  readonly inputs: Tensors;
}

export interface TrainCall extends ForwardCall {
  /** Those that follow from the step's place. */
  readonly scheduled: Tensors;
  /** Two 32-bit integers that determine every mask of the pass; absent: nothing is dropped. */
  readonly seed?: Tensor;
}

/** What one pass computes. */
interface Pass {
  /** Sums over the minibatch that make its score, padding left out. */
  readonly sums: Tensors;
  /** Carried on to the next pass over the feed; all of them, where the model carries any. */
  readonly carried?: Tensors;
}

export interface TrainPass extends Pass {
  /** What training lowers, regularisers included: a scalar. */
  readonly loss: Tensor;
  /** Mean loss of the minibatch's examples without regularisers. */
  readonly main: Tensor;
  /** New values of buffers. */
  readonly buffers: Tensors;
  /** New values of whole groups of buffers; with `buffers`, all of them. */
  readonly gatedBuffers?: Tensors;
}

export interface EvaluationPass extends Pass {
  /** Sum of the examples' losses, padding left out. */
  readonly loss: Tensor;
}

/** A network and what it learns, as programs compile it: initial values and two pure functions of them. */
export interface Model {
  /** What the optimiser moves. */
  readonly weights: HostTensors;
  /** What a pass in training moves without a gradient, the same for all feeds: running statistics. */
  readonly buffers: HostTensors;
  /** Variables that gates pass on together. */
  readonly grouping?: Grouping;
  /**
   * What each pass over a feed hands on to the next without a gradient, as a recurrent network's state:
   * values before the first. Every feed has its own. A feed says by a tensor of its minibatches where they
   * begin anew.
   */
  carried?(feed: FeedShapes): HostTensors;
  /** Inputs that the program gives: the path of a supernet, the edge weights of a mixture. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly scheduled?: Scheduled;
  train(call: TrainCall): TrainPass;
  evaluate(call: ForwardCall): EvaluationPass;
}
