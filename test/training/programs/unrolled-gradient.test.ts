import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { unrolledGradient } from '../../../nas/training/programs/unrolled-gradient.ts';
import type { Tensor, Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const RATE = 0.3;
const MIXED = [
  [0.5, -1],
  [2, 0.25],
  [-0.75, 1.5],
];
const TARGET = [1, -2, 0.5];
const SLOPE = [0.1, -0.2];
const WEIGHTS = [0.4, -0.3, 0.9];
const ALPHAS = [0.7, -1.1];

/** Ltrain = ½‖w‖² + w·Mα, Lval = ½‖w − t‖² + s·α: every derivative has a closed form. */
const trainGradient = (w: readonly number[], alphas: readonly number[]): number[] =>
  w.map((value, i) => value + (MIXED[i] ?? []).reduce((sum, m, k) => sum + m * (alphas[k] as number), 0));
const validationAhead = (alphas: readonly number[]): number => {
  const ahead = WEIGHTS.map((w, i) => w - RATE * (trainGradient(WEIGHTS, alphas)[i] as number));
  return (
    ahead.reduce((sum, w, i) => sum + (w - (TARGET[i] as number)) ** 2 / 2, 0) +
    alphas.reduce((sum, a, k) => sum + a * (SLOPE[k] as number), 0)
  );
};

const compute = (): number[] =>
  tf.tidy(() => {
    const mixed = tf.tensor2d(MIXED);
    const alphas = tf.tensor1d(ALPHAS);
    const one = (tensor: Tensor): Tensors => ({ a: tensor });
    const result = unrolledGradient(tf, {
      weights: one(tf.tensor1d(WEIGHTS)),
      training: ({ a: w }) => ({
        weights: one(tf.add(w as Tensor, tf.dot(mixed, alphas))),
        alphas: one(tf.dot(tf.transpose(mixed), w as never)),
      }),
      validation: ({ a: w }) => ({
        weights: one(tf.sub(w as Tensor, tf.tensor1d(TARGET))),
        alphas: one(tf.tensor1d(SLOPE)),
      }),
      unroll: ({ a: gradient }) => ({
        weights: one(tf.sub(tf.tensor1d(WEIGHTS), tf.mul(gradient as Tensor, tf.scalar(RATE)))),
        rate: tf.scalar(RATE),
      }),
    });
    return Array.from((result['a'] as Tensor).dataSync());
  });

describe('unrolledGradient', () => {
  it('is the derivative of the validation loss one step ahead, where the losses are quadratic', () => {
    const h = 1e-4;
    const expected = ALPHAS.map((_, k) => {
      const shifted = (by: number): number[] => ALPHAS.map((a, i) => (i === k ? a + by : a));
      return (validationAhead(shifted(h)) - validationAhead(shifted(-h))) / (2 * h);
    });
    compute().forEach((value, k) => expect(value).toBeCloseTo(expected[k] as number, 3));
    // The first-order gradient would be the slope alone.
    expect(Math.abs((expected[0] as number) - (SLOPE[0] as number))).toBeGreaterThan(0.1);
  });
});
