import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { compileGraph, type FunctionSpec } from '../../../nas/training/graph/compile.ts';
import { depthwiseConv2d, conv2d } from '../../../nas/training/layers/convolution.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import { mixedPrecisionGraph, precisionTransform } from '../../../nas/training/graph/mixed-precision.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import type { Tensor } from '../../../nas/training/graph/tensor.ts';
import { INSTRUCTION_SETS, instructionSetOf } from '../../../nas/core/instruction-set.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const random = randomFromSeed(4);
const host = (...shape: number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => random.normal()),
});
const variables = { point: host(1, 1, 3, 4), depth: host(3, 3, 4, 1), dense: host(4, 2) };
const x = host(2, 8, 8, 3);

/** A loss through every kind of product, its gradients, and the optimiser's step on one variable. */
const step: FunctionSpec = {
  inputs: { x: { shape: x.shape, dtype: 'float32' } },
  body: (vars, { x }, trace) => {
    const { loss, gradients } = lossAndGradients(tf, trace, vars, () => {
      let y = conv2d(tf, x as Tensor, vars['point'] as Tensor, { strides: [1, 1], padding: [0, 0] });
      y = depthwiseConv2d(tf, tf.relu(y), vars['depth'] as Tensor, { strides: [1, 1], padding: [1, 1] });
      const features = tf.mean(y, [1, 2]) as Tensor;
      const logits = tf.matMul(features as never, vars['dense'] as never);
      return { loss: tf.mean(tf.square(logits)), extra: {} };
    });
    const dense = tf.sub(vars['dense'] as Tensor, tf.mul(gradients['dense'] as Tensor, 1e-6));
    return { outputs: { loss, ...gradients }, updates: { dense } };
  },
};

/** oneDNN multiplies bfloat16 on CPUs with AVX-512 alone; the product does so on GPUs only. */
const hasBfloat16 = [
  instructionSetOf(readFileSync('/proc/cpuinfo', 'utf8'))?.name,
  process.env['ONEDNN_MAX_CPU_ISA'] ?? INSTRUCTION_SETS[0],
].every((name) =>
  INSTRUCTION_SETS.slice(0, INSTRUCTION_SETS.indexOf('AVX512_CORE') + 1).includes(name ?? ''),
);

describe('mixed precision', () => {
  it.runIf(hasBfloat16)('rounds products and nothing else', async () => {
    const exact = await compileGraph(tf, { variables, functions: { step } });
    const mixed = await compileGraph(tf, { variables, functions: { step }, transform: mixedPrecisionGraph });
    const [a, b] = [exact.call('step', { x }), mixed.call('step', { x })];
    const most = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));
    for (const [name, { data, dtype }] of Object.entries(b)) {
      const expected = a[name]?.data as Float32Array;
      expect(dtype).toBe('float32');
      const error = most(Float32Array.from(data, (value, i) => value - (expected[i] as number)));
      // bfloat16 has eight significant bits.
      expect(error / most(expected)).toBeLessThan(0.04);
      expect(error).toBeGreaterThan(0);
    }
    // A change too small for bfloat16 is not lost: the weights themselves are in float32.
    const moved = mixed.read(['dense'])['dense']?.data as Float32Array;
    expect(Array.from(moved)).not.toEqual(Array.from(variables.dense.data));
    exact.dispose();
    mixed.dispose();
  });

  it('is refused on a CPU, where auto means float32', () => {
    expect(() => precisionTransform(tf, 'mixed')).toThrow(/recipe\.precision: "mixed".*precision: auto/);
    expect(precisionTransform(tf, 'auto')).toEqual({});
    expect(precisionTransform(tf, 'float32')).toEqual({});
  });
});
