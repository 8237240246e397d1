import type { HostTensor } from '../program.ts';
import type { Grouping, Places } from '../graph/packing.ts';
import type { TensorSpec } from '../graph/record.ts';
import type { Tensor, Tensors } from '../graph/tensor.ts';
import type { DropOptions } from '../layers/tensor-layers.ts';
import type { Trace } from '../graph/trace.ts';

/** An image classifier as training programs see it: initial values and two pure functions of them. */
export interface Classifier {
  /** What the optimiser moves. */
  readonly weights: Readonly<Record<string, HostTensor>>;
  /** What a forward pass in training mode moves: batch-norm running statistics. */
  readonly buffers: Readonly<Record<string, HostTensor>>;
  /** Variables that gates pass on together. */
  readonly grouping?: Grouping;
  /** Inputs besides images, e.g. the sampled path of a supernet. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  train(call: TrainCall): ClassifierOutputs;
  evaluate(call: ForwardCall): Tensor;
}

export interface ForwardCall {
  readonly trace: Trace;
  /** Weights and buffers by name. */
  readonly vars: Tensors;
  /** Where weights and buffers lie, for networks that gate them; absent where each lies by itself. */
  readonly places?: Places;
  /** [B, H, W, C], normalised. */
  readonly x: Tensor;
  readonly inputs: Tensors;
}

interface TrainCall extends ForwardCall {
  readonly drop: DropOptions;
}

interface ClassifierOutputs {
  /** [B, classes]. */
  readonly logits: Tensor;
  /** [B, classes]; where the network has an auxiliary head. */
  readonly auxiliary?: Tensor;
  /** New values of buffers. */
  readonly buffers: Tensors;
  /** New values of whole groups of buffers; with `buffers`, all of them. */
  readonly gatedBuffers?: Tensors;
}
