import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../bench/kernels/cases.ts';
import { executedOperations } from '../../../bench/kernels/executed-operations.ts';
import { sweep } from '../../../bench/kernels/sweep.ts';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { trainingOperations } from './training-operations.ts';

const cases = casesOf('small');

/** Every nth case, and all pointwise convolutions with strides, whose native gradient damages memory. */
const selection = (every: number): readonly number[] =>
  cases.flatMap(({ operation, shape }, i) =>
    i % every === 0 || (operation === 'conv2d' && /kernel 1×1, stride 2/.test(shape)) ? [i] : [],
  );

describe('native kernels at shapes that nobody tried', () => {
  it.each([
    ['AVX2', 'eager', 17],
    ['AVX2', 'compiled', 97],
    ['SSE41', 'eager', 53],
    ['default', 'eager', 53],
  ] as const)(
    'leave memory alone and compute what plain loops do: %s, %s',
    async (instructionSet, mode, every) => {
      const indices = selection(every);
      expect(indices.length).toBeGreaterThan(50);
      expect(await sweep({ suite: 'small', mode, instructionSet, indices })).toEqual([]);
    },
  );

  it('cover every operation that training runs', async () => {
    const { tf } = loadTensorFlow({ threads: 1 });
    const swept = await executedOperations(tf, () => {
      const times: Record<string, number> = {};
      for (const { operation, inputs, product, gradients } of cases) {
        // Another shape of an operation may take another way: the first few of each are enough.
        times[operation] = (times[operation] ?? 0) + 1;
        if (times[operation] > 9) continue;
        tf.tidy(() => {
          const tensors = inputs.map((shape) => tf.ones([...shape]));
          if (gradients === undefined) product(tf, tensors);
          else tf.grads((...xs) => product(tf, xs))(tensors);
        });
      }
    });
    const used = await trainingOperations(tf);
    expect(used.size).toBeGreaterThan(30);
    expect([...used].filter((name) => !swept.has(name)).sort()).toEqual([]);
  });
});
