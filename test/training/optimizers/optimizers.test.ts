import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { adam } from '../../../nas/training/optimizers/adam.ts';
import { asgd, AVERAGING, triggersAveraging } from '../../../nas/training/optimizers/asgd.ts';
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

describe('averaged SGD', () => {
  it('descends plainly until averaging is set, then averages the weights from the second step on', () => {
    const optimizer = asgd({ weightDecay: 0.01, patience: 5 });
    const rates = [0.1, 0.2, 0.4, 0.3, 0.5];
    const gradients = [0.5, -0.25, 2, 1, -1];
    const [weights, averages] = tf.tidy(() => {
      let params: Tensors = { p: tf.scalar(1) };
      let slots: Tensors = Object.fromEntries(
        Object.entries(optimizer.slots({ p: { shape: [] } })).map(([name, slot]) => [
          name,
          toTensor(tf, slot),
        ]),
      );
      const seen: [number[], number[]] = [[], []];
      rates.forEach((rate, i) => {
        if (i === 1) slots = { ...slots, [AVERAGING]: tf.scalar(1) };
        const step = { gradients: { p: tf.scalar(gradients[i] as number) }, learningRate: tf.scalar(rate) };
        ({ params, slots } = optimizer.update(tf, { ...step, params, slots }));
        seen[0].push((params.p as Tensor).dataSync()[0] as number);
        seen[1].push(optimizer.evaluated?.(tf, params, slots).p?.dataSync()[0] as number);
      });
      return seen;
    });
    // The first averaged step uses its own rate, each further one that of the step before.
    const used = [0.1, 0.2, 0.2, 0.4, 0.3];
    const moved = gradients.reduce<number[]>((all, g, i) => {
      const p = all.at(-1) ?? 1;
      return [...all, p - (used[i] as number) * (g + 0.01 * p)];
    }, []);
    closeTo(weights as number[], moved);
    const [p0, p1, p2, p3, p4] = moved as [number, number, number, number, number];
    closeTo(averages as number[], [p0, p1, p2, (p2 + p3) / 2, (p2 + p3 + p4) / 3]);
  });

  it('begins when the newest loss is above the best of those that are old enough', () => {
    // With patience 2, of four losses before the newest the first two are old enough.
    expect(triggersAveraging([5, 4, 3, 2, 4.5], 2)).toBe(true);
    expect(triggersAveraging([5, 4, 3, 2, 3.5], 2)).toBe(false);
    expect(triggersAveraging([5, 4, 9], 2)).toBe(false);
    expect(triggersAveraging([5, 4, 3, 9], 2)).toBe(true);
    expect(triggersAveraging([], 2)).toBe(false);
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
