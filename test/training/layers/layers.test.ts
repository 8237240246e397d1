import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { activeInputs, joinActive } from '../../../nas/training/layers/fractal-join.ts';
import { uniform } from '../../../nas/training/graph/random-tensor.ts';
import { describeNetwork } from '../../../nas/training/layers/shape-layers.ts';
import { tensorLayers, type DropOptions } from '../../../nas/training/layers/tensor-layers.ts';
import type { Tensor } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const random = randomFromSeed(3);
const normal = (...shape: number[]): Tensor =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );
const evaluation = (vars: Record<string, Tensor> = {}) => tensorLayers(tf, vars, { kind: 'evaluate' });

describe('layers', () => {
  it.each([
    [{ kernel: [3, 5], strides: [2, 1], padding: [1, 2] }],
    [{ kernel: [7, 7], strides: [1, 1], padding: [3, 3] }],
    [{ kernel: [1, 3], strides: [3, 3], padding: [0, 1] }],
    [{ kernel: [2, 2], strides: [2, 2], padding: [0, 0] }],
  ] as const)('maxPool %j is the maximum of the pixels inside the image', ({ kernel, strides, padding }) => {
    const x = normal(1, 7, 6, 1);
    const pixels = x.arraySync() as number[][][][];
    const y = evaluation().maxPool(x, { kernel, strides, padding });
    const [, rows, columns] = y.shape as [number, number, number];
    expect([rows, columns]).toEqual([
      Math.floor((7 + 2 * padding[0] - kernel[0]) / strides[0]) + 1,
      Math.floor((6 + 2 * padding[1] - kernel[1]) / strides[1]) + 1,
    ]);
    const expected = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_v, j) => {
        let most = -Infinity;
        for (let a = 0; a < kernel[0]; a++)
          for (let b = 0; b < kernel[1]; b++) {
            const value =
              pixels[0]?.[i * strides[0] - padding[0] + a]?.[j * strides[1] - padding[1] + b]?.[0];
            if (value !== undefined) most = Math.max(most, value);
          }
        return most;
      }),
    );
    expect((y.squeeze([0, 3]) as Tensor).arraySync()).toEqual(expected);
  });

  it.each([1, 2] as const)(
    'dilatedConv at stride %i is the dilated convolution, with its gradient',
    (stride) => {
      const x = normal(2, 7, 7, 3);
      const w = normal(3, 3, 3, 4);
      const run = (filter: Tensor): Tensor =>
        evaluation({ 'c.weight': filter }).dilatedConv(x, 'c', { filters: 4, kernel: 3, stride });
      // A stride beside dilation is unknown to tfjs: every second pixel of the dense result.
      const dense = tf.conv2d(x as never, w as never, 1, 'same', 'NHWC', 2);
      const expected =
        stride === 1
          ? dense
          : tf.stridedSlice(dense as Tensor, [0, 0, 0, 0], (dense as Tensor).shape, [1, 2, 2, 1]);
      expect(run(w).shape).toEqual(expected.shape);
      expect(tf.max(tf.abs(tf.sub(run(w), expected))).dataSync()[0]).toBeLessThan(1e-5);

      const r = normal(...run(w).shape);
      const gradient = tf.grad((filter) => tf.sum(tf.mul(run(filter), r)))(w);
      // The sum is linear in the filter.
      const step = normal(3, 3, 3, 4);
      const change = tf.sum(tf.mul(tf.sub(run(tf.add(w, step)), run(w)), r)).dataSync()[0] as number;
      expect(tf.sum(tf.mul(gradient, step)).dataSync()[0]).toBeCloseTo(change, 2);
    },
  );

  it.each([
    [3, 3],
    [5, 2],
    [5, 3],
  ])('dilatedConv of %i taps, %i pixels apart, on sides that are no multiples', (kernel, dilation) => {
    const x = normal(2, 8, 7, 2);
    const w = normal(kernel, kernel, 2, 3);
    const options = { filters: 3, kernel, stride: 1, dilation } as const;
    const y = evaluation({ 'c.weight': w }).dilatedConv(x, 'c', options);
    const dense = tf.conv2d(x as never, w as never, 1, 'same', 'NHWC', dilation);
    expect(tf.max(tf.abs(tf.sub(y, dense))).dataSync()[0]).toBeLessThan(1e-5);
  });

  it('pads behind, cuts channels and flattens', () => {
    const layers = evaluation();
    const x = normal(2, 2, 3, 4);
    const padded = layers.zeroPad(x, [3, 3, 6]);
    expect(padded.shape).toEqual([2, 3, 3, 6]);
    expect(tf.sum(padded).dataSync()[0]).toBeCloseTo(tf.sum(x).dataSync()[0] as number, 4);
    expect(layers.channels(padded, 0, 4).slice([0, 0, 0, 0], [2, 2, 3, 4]).dataSync()).toEqual(x.dataSync());
    expect(layers.channels(x, 1, 2).dataSync()).toEqual(x.slice([0, 0, 0, 1], [2, 2, 3, 2]).dataSync());
    expect(layers.flatten(x).shape).toEqual([2, 1, 1, 24]);
    expect(layers.relu6(tf.tensor4d([-1, 3, 9], [1, 1, 1, 3])).dataSync()).toEqual(Float32Array.of(0, 3, 6));
  });

  it('batchNorm refuses to train on one value a channel, and evaluates it', () => {
    const vars = Object.fromEntries(
      ['weight', 'bias', 'running_mean', 'running_var'].map((name) => [`n.${name}`, tf.ones([3])]),
    );
    const training = tensorLayers(tf, vars, { kind: 'train', trace: eagerTrace(tf) });
    expect(() => training.batchNorm(normal(1, 1, 1, 3), 'n', true)).toThrow(
      /one value a channel: a batch of 1 and an activation of 1×1; raise recipe\.batchSize/,
    );
    for (const shape of [
      [2, 1, 1],
      [1, 2, 1],
    ] as const)
      expect(training.batchNorm(normal(...shape, 3), 'n', true).shape).toEqual([...shape, 3]);
    expect(evaluation(vars).batchNorm(normal(1, 1, 1, 3), 'n', true).shape).toEqual([1, 1, 1, 3]);
  });

  it.each([1, 2] as const)(
    'pads as TensorFlow’s SAME at stride %i, with the gradient of a wide filter',
    (stride) => {
      for (const [side, kernel] of [
        [6, 3],
        [7, 3],
        [6, 5],
        [7, 5],
      ] as const) {
        const x = normal(2, side, side, 3);
        const w = normal(kernel, kernel, 3, 1);
        const expected = (filter: Tensor): Tensor =>
          tf.depthwiseConv2d(x as never, filter as never, stride, 'same') as Tensor;
        const run = (filter: Tensor): Tensor =>
          evaluation({ 'd.weight': filter }).depthwise(x, 'd', {
            kernel,
            stride,
            dilation: 1,
            padding: 'same',
          });
        const far = (a: Tensor, b: Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
        expect(far(run(w), expected(w))).toBeLessThan(1e-5);
        const r = normal(...run(w).shape);
        const gradient = (f: (filter: Tensor) => Tensor): Tensor =>
          tf.grad((filter) => tf.sum(tf.mul(f(filter), r)))(w);
        expect(far(gradient(run), gradient(expected))).toBeLessThan(1e-4);
        const layers = evaluation();
        expect(far(layers.maxPool3x3(x, stride, 'same'), tf.maxPool(x as never, 3, stride, 'same'))).toBe(0);
        expect(
          far(layers.averagePool3x3(x, stride, 'same'), tf.avgPool(x as never, 3, stride, 'same')),
        ).toBeLessThan(1e-6);
      }
    },
  );

  it('keeps running statistics that forget what they began with', () => {
    const batches = [normal(4, 2, 2, 3), normal(4, 2, 2, 3), normal(4, 2, 2, 3)];
    let vars: Record<string, Tensor> = {
      'n.weight': tf.ones([3]),
      'n.bias': tf.zeros([3]),
      'n.running_mean': tf.fill([3], 7),
      'n.running_var': tf.fill([3], 9),
      'n.running_steps': tf.zeros([1]),
    };
    const moments = batches.map((x) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return { mean, variance: tf.mul(variance, 16 / 15) };
    });
    batches.forEach((x, k) => {
      const layers = tensorLayers(tf, vars, { kind: 'train', trace: eagerTrace(tf) });
      layers.batchNorm(x, 'n', true, { debiased: true });
      vars = { ...vars, ...layers.buffers };
      const weights = moments.slice(0, k + 1).map((_, i) => 0.9 ** (k - i));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [name, moment] of [
        ['running_mean', 'mean'],
        ['running_var', 'variance'],
      ] as const) {
        const expected = tf.addN(
          weights.map((weight, i) => tf.mul(moments[i]?.[moment] as Tensor, weight / total)) as never,
        );
        const apart = tf.max(tf.abs(tf.sub(vars[`n.${name}`] as Tensor, expected))).dataSync()[0];
        expect(apart).toBeLessThan(1e-5);
      }
      expect(vars['n.running_steps']?.dataSync()[0]).toBe(k + 1);
    });
  });

  it('counts what one image leaves for the backward pass', () => {
    const { activationBytes } = describeNetwork([4, 4, 1], (layers, x) => {
      const y = layers.conv(x, 'c', { filters: 2, kernel: [1, 1], strides: [1, 1], padding: [0, 0] });
      // Two readers share a ReLU.
      return layers.add([layers.relu(y), layers.maxPool3x3(layers.relu(y), 1)]);
    });
    expect(activationBytes).toBe(4 * (32 + 32 + 32 + 32));
  });
});

describe('fractal drop-path', () => {
  const RATE = 0.3;
  const TOTAL = 3;
  const COLUMNS = [0, 2];
  const STEPS = 200;
  const drawn = (step: number, columns: readonly number[]): number[] =>
    tf.tidy(() => {
      let draws = 0;
      const seed = tf.tensor1d([9, step], 'int32');
      const active = activeInputs(
        tf,
        { kind: 'mean', columns, total: TOTAL },
        tf.scalar(RATE),
        (shape, draw) => uniform(tf, shape, tf.add(seed, tf.tensor1d([draw, 0], 'int32'))),
        () => draws++,
      );
      return [...active.dataSync()];
    });

  it('keeps at least one input, and one column through all joins in half of the steps', () => {
    const joins = Array.from({ length: STEPS }, (_, step) => [drawn(step, [0, 1, 2]), drawn(step, COLUMNS)]);
    const single = joins.filter(([whole]) => whole?.filter((bit) => bit === 1).length === 1).length;
    const dropped = joins.map(([whole]) => whole?.filter((bit) => bit === 0).length ?? 0);
    for (const join of joins.flat()) expect(Math.max(...join)).toBe(1);
    // Global steps keep one of three; local ones keep one in p²(1 − p) · 3 + p³ of the cases.
    const alone = 0.5 + 0.5 * (3 * RATE ** 2 * (1 - RATE) + RATE ** 3);
    expect(single / STEPS).toBeGreaterThan(alone - 0.1);
    expect(single / STEPS).toBeLessThan(alone + 0.1);
    // All active: local steps alone.
    const full = dropped.filter((count) => count === 0).length / STEPS;
    expect(full).toBeGreaterThan(0.5 * (1 - RATE) ** 3 - 0.08);
    expect(full).toBeLessThan(0.5 * (1 - RATE) ** 3 + 0.08);
  });

  it('joins the mean of active inputs, or what they hold side by side', () => {
    const xs = [1, 2, 6].map((value) => tf.fill([1, 1, 1, 2], value));
    const active = tf.tensor1d([1, 0, 1]);
    expect([...joinActive(tf, xs, 'mean', active).dataSync()]).toEqual([3.5, 3.5]);
    expect([...joinActive(tf, xs, 'mean').dataSync()]).toEqual([3, 3]);
    expect([...joinActive(tf, xs, 'concat', active).dataSync()]).toEqual([1, 1, 0, 0, 6, 6]);
  });

  it('draws masks that no other draw or step of a training shares', () => {
    const trace = eagerTrace(tf);
    const masks = [0, 1].map((step) => {
      const drop: DropOptions = { seed: tf.tensor1d([9, step], 'int32'), dropout: tf.scalar(0.5) };
      const layers = tensorLayers(tf, {}, { kind: 'train', trace, drop });
      const ones = tf.ones([1, 1, 1, 64]);
      return [layers.dropout(ones), layers.dropout(ones)].map((mask) => mask.dataSync().join());
    });
    expect(new Set(masks.flat()).size).toBe(4);
    trace.release();
  });
});
