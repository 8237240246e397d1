import { compileGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/losses.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import type { Supernet } from '../../nas/training/supernets/supernet.ts';
import { mixtureSupernet } from '../../nas/training/supernets/mixture.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { float64Graph } from './float64-graph.ts';
import { ALPHAS, alphaSpec } from './mixture-functions.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Gradient of alphas at weights moved by `distance` along a direction. */
const alphaGradientAlong = (
  tf: Tf,
  spec: Supernet,
  weights: HostTensors,
  images: readonly number[],
): FunctionSpec => ({
  inputs: {
    x: { shape: images, dtype: 'float32' },
    y: { shape: [images[0] as number], dtype: 'int32' },
    alphas_normal: alphaSpec,
    alphas_reduce: alphaSpec,
    distance: { shape: [], dtype: 'float32' },
    ...Object.fromEntries(
      Object.entries(weights).map(
        ([name, { shape }]) => [`along.${name}`, { shape, dtype: 'float32' }] as const,
      ),
    ),
  },
  body: (vars, inputs, trace) => {
    const moved = Object.keys(weights).map((name) => [
      name,
      tf.add(vars[name] as Tensor, tf.mul(inputs[`along.${name}`] as Tensor, inputs.distance as Tensor)),
    ]);
    const at = { ...vars, ...(Object.fromEntries(moved) as Tensors) };
    const alphas = Object.fromEntries(ALPHAS.map((name) => [name, inputs[name] as Tensor]));
    const { gradients } = lossAndGradients(tf, trace, alphas, () => {
      const edgeWeights = {
        normal: tf.softmax(inputs.alphas_normal as Tensor),
        reduce: tf.softmax(inputs.alphas_reduce as Tensor),
      };
      const { logits } = mixtureSupernet(tf, spec, at, inputs.x as Tensor, edgeWeights, {
        kind: 'train',
        trace,
      });
      return { loss: crossEntropy(tf, logits, inputs.y as Tensor), extra: {} };
    });
    return { outputs: gradients };
  },
});

/** Far below the distance to the next kink of ReLU or max pooling, far above float64's rounding. */
const DISTANCE = Math.fround(1e-6);

interface ExactOptions {
  readonly spec: Supernet;
  readonly variables: HostTensors;
  readonly weights: readonly string[];
  /** Training batch and alphas: x, y, alphas_normal, alphas_reduce. */
  readonly train: HostTensors;
  /** At the unrolled weights, on the validation batch: gradients of weights and alphas (`grad.*`). */
  readonly valid: HostTensors;
  readonly eta: number;
}

/**
 * DARTS' second-order architecture gradient with the exact implicit term, ∇α Lval(w′) − η ∇²α,w Ltrain(w, α) ∇w′ Lval(w′): the
 * mixed derivative is taken in float64 over a distance that crosses no kink.
 */
export const exactSecondOrder = async (
  tf: Tf,
  options: ExactOptions,
): Promise<Record<string, HostTensor>> => {
  const { spec, variables, weights, train, valid, eta } = options;
  const images = (train.x as HostTensor).shape;
  const params = Object.fromEntries(weights.map((name) => [name, variables[name] as HostTensor]));
  const graph = await compileGraph(tf, {
    variables,
    functions: { gradient: alphaGradientAlong(tf, spec, params, images) },
    transform: float64Graph,
  });
  try {
    const along = weights.map((name) => [name, valid[`grad.${name}`] as HostTensor] as const);
    const squares = along.map(([, { data }]) =>
      Array.from(data).reduce((sum, value) => sum + value * value, 0),
    );
    const norm = Math.sqrt(squares.reduce((sum, value) => sum + value, 0));
    const unit = along.map(([name, tensor]) => [
      `along.${name}`,
      { ...tensor, data: Float32Array.from(tensor.data, (value) => value / norm) },
    ]);
    const at = (distance: number): Record<string, HostTensor> =>
      graph.call('gradient', {
        ...train,
        ...(Object.fromEntries(unit) as HostTensors),
        distance: { dtype: 'float32', shape: [], data: Float32Array.of(distance) },
      });
    const plus = at(DISTANCE);
    const minus = at(-DISTANCE);
    const value = (tensors: HostTensors, name: string, i: number): number =>
      ((tensors[name] as HostTensor).data[i] as number) +
      ((tensors[`${name}/low`] as HostTensor).data[i] as number);
    const gradients = ALPHAS.map((name) => {
      const direct = valid[`grad.${name}`] as HostTensor;
      const data = Float32Array.from(direct.data, (gradient, i) => {
        const mixed = ((value(plus, name, i) - value(minus, name, i)) / (2 * DISTANCE)) * norm;
        return gradient - eta * mixed;
      });
      return [`output.unrolled_grad_exact.${name}`, { ...direct, data }] as const;
    });
    return Object.fromEntries(gradients);
  } finally {
    graph.dispose();
  }
};
