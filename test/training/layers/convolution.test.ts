import { describe, expect, it } from 'vitest';
import {
  bilinear,
  bilinearGradients,
  convolutionTerms,
  depthwiseTerms,
  type Plain,
  type Terms,
  type Windows,
} from '../../../bench/kernels/plain.ts';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { conv2d, convolvedLength, depthwiseConv2d } from '../../../nas/training/layers/convolution.ts';
import { subsample } from '../../../nas/training/layers/pooling.ts';
import { relu } from '../../../nas/training/layers/relu.ts';
import type { Tensor } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const random = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
/** Largest difference, in units of the largest expected entry. */
const distance = (actual: Tensor, expected: Tensor): number => {
  expect(actual.shape).toEqual(expected.shape);
  const scale = tf.max(tf.abs(expected)).dataSync()[0] as number;
  return (tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] as number) / scale;
};

const plain = (tensor: Tensor): Plain => ({
  shape: tensor.shape,
  data: Float64Array.from(tensor.dataSync()),
});
const tensor = ({ shape, data }: Plain): Tensor => tf.tensor(Float32Array.from(data), [...shape]);

/** The value and both gradients by loops: the native operations are what is not to be trusted. */
const reference = (terms: Terms, x: Tensor, filter: Tensor, dy: Tensor): readonly Tensor[] => [
  tensor(bilinear(dy.shape, terms, plain(x), plain(filter))),
  ...bilinearGradients(terms, plain(x), plain(filter), plain(dy)).map(tensor),
];

const CASES = [1, 3, 5, 7].flatMap((kernel) =>
  [1, 2].flatMap((stride) => [8, 9].map((side) => ({ kernel, stride, side }))),
);

describe.each([
  { name: 'conv2d', termsOf: convolutionTerms, convolve: conv2d, multiplier: 6, outputs: 6 },
  {
    name: 'depthwiseConv2d',
    termsOf: depthwiseTerms,
    convolve: depthwiseConv2d,
    multiplier: 1,
    outputs: 4,
  },
])('$name', ({ termsOf, convolve, multiplier, outputs }) => {
  it.each(CASES)(
    'agrees with its definition, and so do its gradients: kernel $kernel, stride $stride, side $side',
    ({ kernel, stride, side }) => {
      tf.tidy(() => {
        const padding = (kernel - 1) / 2;
        const x = random([2, side, side + 1, 4], 1);
        const filter = random([kernel, kernel, 4, multiplier], 2);
        const [rows, columns] = [side, side + 1].map((n) => convolvedLength(n, kernel, stride, padding));
        const dy = random([2, rows as number, columns as number, outputs], 3);
        const forward = (a: Tensor, b: Tensor): Tensor =>
          convolve(tf, a, b, { strides: [stride, stride], padding: [padding, padding] });
        const [dx, dw] = tf.grads(forward)([x, filter], dy);
        const windows: Windows = {
          image: x.shape as [number, number, number, number],
          kernel: [kernel, kernel],
          strides: [stride, stride],
          padding: [padding, padding],
          dilation: 1,
        };
        const [y, expectedDx, expectedDw] = reference(termsOf(windows, multiplier), x, filter, dy) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        expect(distance(forward(x, filter), y)).toBeLessThan(1e-5);
        expect(distance(dx as Tensor, expectedDx)).toBeLessThan(1e-5);
        expect(distance(dw as Tensor, expectedDw)).toBeLessThan(1e-5);
      });
    },
  );
});

describe('subsample', () => {
  it('takes every second row and column, and gives them all of the gradient', () => {
    tf.tidy(() => {
      const x = random([2, 5, 8, 3], 4);
      const dy = random([2, 3, 4, 3], 5);
      const slice = (t: Tensor): Tensor => tf.stridedSlice(t, [0, 0, 0, 0], t.shape, [1, 2, 2, 1]);
      expect(distance(subsample(tf, x), slice(x))).toBe(0);
      const dx = tf.grad((t: Tensor) => subsample(tf, t))(x, dy);
      expect(distance(slice(dx), dy)).toBe(0);
      expect(tf.sum(tf.abs(dx)).dataSync()[0]).toBeCloseTo(tf.sum(tf.abs(dy)).dataSync()[0] as number, 4);
    });
  });
});

describe('relu', () => {
  it('agrees with that of tfjs, and so does its gradient', () => {
    tf.tidy(() => {
      const x = random([3, 7], 6);
      const dy = random([3, 7], 7);
      expect(distance(relu(tf, x), tf.relu(x))).toBe(0);
      const dx = tf.grad((t: Tensor) => relu(tf, t))(x, dy);
      expect(distance(dx, tf.grad((t: Tensor) => tf.relu(t))(x, dy))).toBe(0);
    });
  });
});
