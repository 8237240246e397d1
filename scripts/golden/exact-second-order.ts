import { compileGraph, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../nas/training/tasks/images/losses.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import type { Supernet } from '../../nas/training/supernets/supernet.ts';
import { mixtureSupernet } from '../../nas/training/supernets/mixture.ts';
import type { Tensor, Tensors, Tf } from '../../nas/training/graph/tensor.ts';
import { float64Graph } from './float64-graph.ts';
import { nearestKinks, type KinkKind } from './kinks.ts';
import { ALPHAS, alphaSpec } from './mixture-functions.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

const inputsAlong = (weights: HostTensors, images: readonly number[]): FunctionSpec['inputs'] => ({
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
});

/** The variables with the weights moved along the inputs' direction. */
const movedBy = (
  tf: Tf,
  weights: HostTensors,
  vars: Tensors,
  inputs: Tensors,
  distance: Tensor,
): Tensors => ({
  ...vars,
  ...Object.fromEntries(
    Object.keys(weights).map((name) => [
      name,
      tf.add(vars[name] as Tensor, tf.mul(inputs[`along.${name}`] as Tensor, distance)),
    ]),
  ),
});

/** Gradient of alphas at weights moved by `distance` along a direction. */
const alphaGradientAlong = (
  tf: Tf,
  spec: Supernet,
  weights: HostTensors,
  images: readonly number[],
): FunctionSpec => ({
  inputs: inputsAlong(weights, images),
  body: (vars, inputs, trace) => {
    const at = movedBy(tf, weights, vars, inputs, inputs.distance as Tensor);
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

/** Distances of the nearest kinks along a direction, seen over a `distance` that crosses none. */
const kinksAlong = (
  tf: Tf,
  spec: Supernet,
  weights: HostTensors,
  images: readonly number[],
): FunctionSpec => ({
  inputs: inputsAlong(weights, images),
  body: (vars, inputs, trace) => ({
    outputs: nearestKinks(tf, spec, {
      at: (distance) => movedBy(tf, weights, vars, inputs, tf.scalar(distance)),
      probe: PROBE,
      x: inputs.x as Tensor,
      edges: {
        normal: tf.softmax(inputs.alphas_normal as Tensor),
        reduce: tf.softmax(inputs.alphas_reduce as Tensor),
      },
      trace,
    }),
  }),
});

/** Distance over which values are differentiated to find their zeros. */
const PROBE = Math.fround(1e-9);
/**
 * Distance of the difference where no kink is near: far above float64's rounding, which makes an error of
 * about 1e-8 of it. Networks with ReLU and max pooling have kinks every few 1e-7, so that it is measured, not
 * supposed, that none lies between.
 */
const DISTANCE = Math.fround(1e-8);
/** Of the distance to the nearest kink, where that is near. */
const SHARE = 0.25;

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

/** A kink beside which a quantity was computed, and the quantity on its other side. */
export interface Kink {
  readonly kind: KinkKind;
  /** From the weights along the direction; negative: against it. */
  readonly distance: number;
  /** What the same computation gives with this one ReLU, or this one maximum, flipped. */
  readonly flipped: Readonly<Record<string, HostTensor>>;
}

export interface ExactSecondOrder {
  readonly gradients: Record<string, HostTensor>;
  readonly nearest: Kink;
}

const KINKS: readonly (readonly [name: string, kind: KinkKind, sign: 1 | -1])[] = [
  ['relu/ahead', 'relu', 1],
  ['relu/behind', 'relu', -1],
  ['maximum/ahead', 'maximum', 1],
  ['maximum/behind', 'maximum', -1],
];

/**
 * DARTS' second-order architecture gradient with the exact implicit term, ∇α Lval(w′) − η ∇²α,w Ltrain(w, α)
 * ∇w′ Lval(w′): the mixed derivative is taken in float64 over a distance that crosses no kink, which is
 * measured; and once more just behind the nearest kink, which is what another program finds whose rounding
 * has that ReLU or maximum on its other side.
 */
export const exactSecondOrder = async (tf: Tf, options: ExactOptions): Promise<ExactSecondOrder> => {
  const { spec, variables, weights, train, valid, eta } = options;
  const images = (train.x as HostTensor).shape;
  const params = Object.fromEntries(weights.map((name) => [name, variables[name] as HostTensor]));
  const graph = await compileGraph(tf, {
    variables,
    functions: {
      gradient: alphaGradientAlong(tf, spec, params, images),
      kinks: kinksAlong(tf, spec, params, images),
    },
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
    const call = (name: 'gradient' | 'kinks', distance: number): Record<string, HostTensor> =>
      graph.call(name, {
        ...train,
        ...(Object.fromEntries(unit) as HostTensors),
        distance: { dtype: 'float32', shape: [], data: Float32Array.of(distance) },
      });
    const value = (tensors: HostTensors, name: string, i: number): number =>
      ((tensors[name] as HostTensor).data[i] as number) +
      ((tensors[`${name}/low`] as HostTensor).data[i] as number);
    /** The gradient with the mixed derivative around a distance, over `half` of it to both sides. */
    const around = (centre: number, half: number): Record<string, HostTensor> => {
      const [above, below] = [Math.fround(centre + half), Math.fround(centre - half)];
      const [plus, minus] = [call('gradient', above), call('gradient', below)];
      return Object.fromEntries(
        ALPHAS.map((name) => {
          const direct = valid[`grad.${name}`] as HostTensor;
          const data = Float32Array.from(direct.data, (gradient, i) => {
            const mixed = ((value(plus, name, i) - value(minus, name, i)) / (above - below)) * norm;
            return gradient - eta * mixed;
          });
          return [`output.unrolled_grad_exact.${name}`, { ...direct, data }] as const;
        }),
      );
    };
    const found = call('kinks', 0);
    const [name, kind, sign] = KINKS.reduce((a, b) =>
      value(found, b[0], 0) < value(found, a[0], 0) ? b : a,
    );
    const distance = value(found, name, 0);
    const half = Math.min(DISTANCE, SHARE * distance);
    return {
      gradients: around(0, half),
      nearest: { kind, distance: sign * distance, flipped: around(sign * (distance + 2 * half), half) },
    };
  } finally {
    graph.dispose();
  }
};
