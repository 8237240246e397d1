import { tensorLayers, type Mode } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Edge, Supernet } from './supernet.ts';

/**
 * Edge weights [edges, operations] of each kind of cell: the softmax of alphas (DARTS), samples (SNAS), or
 * 0/1.
 */
export type EdgeWeights = Readonly<Record<string, Tensor>>;

/**
 * The mixture network: an edge is the weighted sum of its operations. All operations run, and all batch norms
 * inside them update; gradients flow to variables and weights. An operation's weight enters as the scale of
 * its last batch norm, which saves a pass over the activation forward and two backward. Drop-path, where the
 * mode has it, falls on the sum of an edge.
 */
export const mixtureSupernet = (
  tf: Tf,
  supernet: Supernet,
  vars: Tensors,
  x: Tensor,
  weights: EdgeWeights,
  mode: Mode,
): { readonly logits: Tensor; readonly buffers: Record<string, Tensor> } => {
  const layers = tensorLayers(tf, vars, mode);
  const scalars = new Map<Tensor, Tensor[]>();
  const scales = new Map<string, Tensor[]>();
  /** All weights of a kind of cell as scalars, made once. */
  const scalarsOf = (w: Tensor): Tensor[] => {
    const made = scalars.get(w) ?? tf.unstack(tf.reshape(w, [w.size]));
    scalars.set(w, made);
    return made;
  };
  /** All weights of a kind of cell as vectors [C], made once a width. */
  const scalesOf = (w: Tensor, channels: number): Tensor[] => {
    const key = `${w.id}/${channels}`;
    const made = scales.get(key) ?? tf.unstack(tf.tile(tf.reshape(w, [w.size, 1]), [1, channels]));
    scales.set(key, made);
    return made;
  };
  const terms = (state: Tensor, edge: Edge): readonly Tensor[] => {
    const w = weights[edge.kind] as Tensor;
    // The first operation adds zero whatever its weight.
    const summands = supernet.operations.slice(1).map((_, i) => {
      const operation = i + 1;
      const at = edge.row * supernet.operations.length + operation;
      if (supernet.endsInBatchNorm(operation, edge))
        return supernet.candidate(layers, state, operation, edge, scalesOf(w, edge.channels)[at] as Tensor);
      return tf.mul(supernet.candidate(layers, state, operation, edge), scalarsOf(w)[at] as Tensor);
    });
    const drops = mode.kind === 'train' && mode.drop?.dropPath !== undefined;
    return drops ? [layers.dropPath(layers.add(summands))] : summands;
  };
  const logits = supernet.network(layers, x, terms);
  return { logits: tf.reshape(logits, [x.shape[0] as number, supernet.classes]), buffers: layers.buffers };
};
