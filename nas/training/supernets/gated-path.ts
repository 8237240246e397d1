import { customOperation } from '../graph/custom-operation.ts';
import {
  matrixOf,
  separatePlaces,
  type GroupName,
  type Grouping,
  type Place,
  type Places,
} from '../graph/packing.ts';
import { describeNetwork } from '../layers/shape-layers.ts';
import { tensorLayers, type Mode } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Gate, Trace } from '../graph/trace.ts';
import { gatedVariables } from './gated-variables.ts';
import { pathIndex, pathLength, type Edge, type Supernet } from './supernet.ts';

/** Zero in the shape of `like`, as the value of a branch that reads x and lets no gradient through. */
const gatedZero = (tf: Tf, gate: Gate, branch: number, x: Tensor, shape: number[]): Tensor =>
  customOperation(tf, [x], {
    forward: () => [gate.parameter(branch, tf.zeros(shape))],
    backward: () => [() => gate.parameter(branch, tf.zeros(x.shape))],
  })[0] as Tensor;

/** The variables of an operation on an edge pass a gate of their own. */
export const pathGrouping = (supernet: Supernet): Grouping => {
  const groups = new Map<string, GroupName>();
  describeNetwork(supernet.image, (layers, x) =>
    supernet.network(layers, x, (state, edge) =>
      supernet.operations.map((_, operation) => {
        const alone = describeNetwork(state, (inner, h) => supernet.candidate(inner, h, operation, edge));
        for (const { name } of alone.declarations) groups.set(name, { group: `${edge.name}.${operation}` });
        return supernet.candidate(layers, state, operation, edge);
      }),
    ),
  );
  return (name) => groups.get(name);
};

/** Logits [B, classes] and new running statistics: by name, and those of gated groups by group. */
interface PathOutputs {
  readonly logits: Tensor;
  readonly buffers: Tensors;
  readonly gatedBuffers: Tensors;
}

/**
 * The supernet along one path, `path` int32 with one entry an edge: compiled, only the chosen operations
 * execute, forward and backward, so time and activation memory are those of one path. Weights off the path
 * have zero gradients, and their batch norms keep their statistics.
 *
 * Li & Talwalkar 2019 (§4.2) run all operations with 0/1 weights; the results are equal except that there the
 * batch norms of unused operations move too.
 */
export const pathSupernet = (
  tf: Tf,
  supernet: Supernet,
  vars: Tensors,
  x: Tensor,
  path: Tensor,
  trace: Trace,
  mode: Mode,
  places: Places = separatePlaces(tf, vars),
): PathOutputs => {
  const layers = tensorLayers(tf, vars, mode);
  const choices = tf.unstack(tf.reshape(path, [pathLength(supernet)]));
  const gatedBuffers: Record<string, Tensor> = {};

  const terms = (state: Tensor, edge: Edge): readonly Tensor[] => {
    const choice = choices[pathIndex(supernet, edge)] as Tensor;
    const gate = trace.gate(choice, supernet.operations.length);
    const copies = gate.split(state);
    const [batch, h, w] = state.shape as [number, number, number];
    const shape = [batch, Math.ceil(h / edge.stride), Math.ceil(w / edge.stride), edge.channels];
    const values = copies.map((copy, branch) => {
      if (branch === 0) return gatedZero(tf, gate, branch, copy, shape);
      const branchLayers = tensorLayers(tf, gatedVariables(tf, gate, branch, places), mode);
      const y = supernet.candidate(branchLayers, copy, branch, edge);
      for (const name of Object.keys(branchLayers.buffers)) {
        const { group, layout, matrix } = places(name) as Place;
        gatedBuffers[group] ??= gate.state(branch, matrixOf(tf, layout, branchLayers.buffers), matrix);
      }
      return y;
    });
    return [gate.merge(values)];
  };

  const logits = supernet.network(layers, x, terms);
  return {
    logits: tf.reshape(logits, [x.shape[0] as number, supernet.classes]),
    buffers: layers.buffers,
    gatedBuffers,
  };
};
