import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { adam } from '../../../nas/training/optimizers/adam.ts';
import { clipByGlobalNorm } from '../../../nas/training/optimizers/clip.ts';
import type { Optimizer } from '../../../nas/training/optimizers/optimizer.ts';
import { rmsprop } from '../../../nas/training/optimizers/rmsprop.ts';
import { sgd } from '../../../nas/training/optimizers/sgd.ts';
import { toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

/** Three steps on a scalar parameter that starts at 1, with gradients 0.5, −0.25, 2. */
const trajectory = (optimizer: Optimizer, learningRate: number): number[] =>
  tf.tidy(() => {
    let params: Tensors = { p: tf.scalar(1) };
    const slots = Object.entries(optimizer.slots({ p: { shape: [] } })).map(([name, host]) => [
      name,
      toTensor(tf, host),
    ]);
    let state = Object.fromEntries(slots) as Tensors;
    return [0.5, -0.25, 2].map((gradient) => {
      const step = optimizer.update(tf, {
        params,
        gradients: { p: tf.scalar(gradient) },
        slots: state,
        learningRate: tf.scalar(learningRate),
      });
      params = step.params;
      state = { ...state, ...step.slots };
      return (params.p as Tensor).dataSync()[0] as number;
    });
  });

const closeTo = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));
};

/** The update rules again, in plain numbers. */
const plain = (update: (p: number, g: number, t: number) => number): number[] => {
  let p = 1;
  return [0.5, -0.25, 2].map((g, i) => (p = update(p, g, i + 1)));
};

describe('optimisers', () => {
  it.each([false, true])('sgd with momentum, nesterov %s', (nesterov) => {
    let buffer = 0;
    const expected = plain((p, g) => {
      const d = g + 0.01 * p;
      buffer = 0.9 * buffer + d;
      return p - 0.1 * (nesterov ? d + 0.9 * buffer : buffer);
    });
    closeTo(trajectory(sgd({ momentum: 0.9, nesterov, weightDecay: 0.01 }), 0.1), expected);
  });

  it('sgd without momentum keeps no slots', () => {
    const optimizer = sgd({ momentum: 0, nesterov: false, weightDecay: 0 });
    expect(optimizer.slots({ p: { shape: [] } })).toEqual({});
    closeTo(trajectory(optimizer, 0.1), [0.95, 0.975, 0.775]);
  });

  it('adam corrects its bias', () => {
    let m = 0;
    let v = 0;
    const expected = plain((p, gradient, t) => {
      const g = gradient + 0.001 * p;
      m = 0.5 * m + 0.5 * g;
      v = 0.999 * v + 0.001 * g * g;
      return p - (0.01 * (m / (1 - 0.5 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    });
    closeTo(
      trajectory(adam({ beta1: 0.5, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.001 }), 0.01),
      expected,
    );
  });

  it('rmsprop as TensorFlow defines it', () => {
    let s = 1;
    let b = 0;
    const expected = plain((p, g) => {
      s = 0.9 * s + 0.1 * g * g;
      b = 0.9 * b + (0.1 * g) / Math.sqrt(s + 1);
      return p - b;
    });
    closeTo(trajectory(rmsprop({ decay: 0.9, momentum: 0.9, epsilon: 1, weightDecay: 0 }), 0.1), expected);
  });
});

describe('clipByGlobalNorm', () => {
  const clip = (maxNorm: number): { norm: number; first: number } =>
    tf.tidy(() => {
      const result = clipByGlobalNorm(tf, { a: tf.tensor1d([3]), b: tf.tensor1d([4]) }, maxNorm);
      return {
        norm: result.norm.dataSync()[0] as number,
        first: (result.gradients.a as Tensor).dataSync()[0] as number,
      };
    });
  it('scales gradients above the bound, and only those', () => {
    expect(clip(1).norm).toBeCloseTo(5);
    expect(clip(1).first).toBeCloseTo(0.6);
    expect(clip(10).first).toBe(3);
    expect(clip(0).first).toBe(3);
  });
});
