import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { smash } from '../../../nas/space/smash.ts';
import type { SmashConv, SmashGenotype } from '../../../nas/space/smash-genotype.ts';
import { compileGraph, type CompiledGraph } from '../../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../../nas/training/tasks/images/losses.ts';
import type { NetworkSetting } from '../../../nas/training/networks/network.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { rowsOfSquares, smashHypernet } from '../../../nas/training/supernets/smash-hypernet.ts';
import { smashParts, smashShapes } from '../../../nas/training/supernets/smash-path.ts';
import { smashMultiplyAdds } from '../../../nas/training/supernets/smash-cost.ts';
import { smashSupernet } from '../../../nas/training/supernets/smash-supernet.ts';
import { toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const OPTIONS = { depth: 2, width: 1, maxWidth: 4, maxKernel: 5, maxGroups: 4 };
const UNIT = 4;
const HYPERNET = { layers: [2, 1, 1], growth: 4 };
const [BATCH, SIDE, CLASSES] = [5, 8, 3];
const space = smash(OPTIONS);
const setting: NetworkSetting = {
  size: { channels: UNIT, layers: 1, stem: 'cifar' },
  image: [SIDE, SIDE, 1],
  classes: CLASSES,
  auxiliary: false,
};
const supernet = smashSupernet(tf, OPTIONS, setting, HYPERNET, 7);
const shapes = smashShapes(OPTIONS, UNIT);
const random = randomFromSeed(3);
const images: HostTensor = {
  dtype: 'float32',
  shape: [BATCH, SIDE, SIDE, 1],
  data: Float32Array.from({ length: BATCH * SIDE * SIDE }, () => random.normal()),
};
const labels: HostTensor = { dtype: 'int32', shape: [BATCH], data: Int32Array.of(0, 1, 2, 0, 1) };
const pathOf = (genotype: SmashGenotype): HostTensor => ({
  dtype: 'int32',
  shape: [supernet.pathLength],
  data: supernet.path(genotype),
});
const partOf = (genotype: SmashGenotype, wanted: string): number[] => {
  let at = 0;
  for (const [name, shape] of Object.entries(smashParts(shapes))) {
    const size = shape.reduce((product, n) => product * n, 1);
    if (name === wanted) return Array.from(supernet.path(genotype).subarray(at, at + size));
    at += size;
  }
  throw new Error(wanted);
};

/**
 * The network at the child's own sizes, each weight a slice of the shared or generated ones, written with
 * tfjs alone.
 */
const plainLogits = ({ blocks }: SmashGenotype, vars: Tensors, generated: Tensor): Tensor => {
  const cut = (x: Tensor, first: number, count: number): Tensor =>
    tf.slice(x, [0, 0, 0, first], [-1, -1, -1, count]);
  const conv = (x: Tensor, filter: Tensor, dilation = 1): Tensor =>
    tf.conv2d(x as never, filter as never, 1, 'same', 'NHWC', dilation);
  const batchNorm = (x: Tensor, name: string): Tensor => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const channels = x.shape[3] as number;
    const affine = (part: string): Tensor => tf.slice(vars[`${name}.${part}`] as Tensor, [0], [channels]);
    return tf.batchNorm(x as never, mean as never, variance as never, affine('bias') as never, affine('weight') as never, 1e-5); // prettier-ignore
  };
  const grouped = (x: Tensor, name: string, out: number, [k, dilation, groups]: SmashConv): Tensor => {
    const [input, at] = [x.shape[3] as number, (OPTIONS.maxKernel - k) / 2];
    const parts = Array.from({ length: groups }, (_, g) => {
      const [from, to] = [input / groups, out / groups];
      const filter = tf.slice(vars[`${name}.weight`] as Tensor, [at, at, g * from, g * to], [k, k, from, to]);
      return conv(cut(x, g * from, from), filter, dilation);
    });
    return tf.concat(parts as never[], 3);
  };
  let row = 0;
  let x = tf.relu(conv(toTensor(tf, images), vars['stem.weight'] as Tensor)) as Tensor;
  blocks.forEach(({ bank, ops }, b) => {
    const channels = bank * UNIT;
    const banks = tf.split(x, (x.shape[3] as number) / channels, 3) as Tensor[];
    ops.forEach(({ read, width, convs, write }) => {
      const input = tf.concat(
        read.map((at) => banks[at] as never),
        3,
      ) as Tensor;
      const rows = input.shape[3] as number;
      const units = Math.min(
        Math.min(Math.max(Math.floor(rows / (width * UNIT)), 1), 4) * width,
        rows / UNIT,
        4,
      );
      const w = tf.slice(generated, [row, 0], [rows, units * UNIT]);
      row += rows;
      const filter = tf.reshape(tf.div(w, tf.norm(w)), [1, 1, rows, units * UNIT]);
      const h = tf.relu(conv(input, filter)) as Tensor;
      const then = (y: Tensor, slot: number): Tensor => {
        const chosen = convs[slot] ?? null;
        const name = `blocks.${b}.op.${slot}`;
        return chosen === null ? y : grouped(tf.relu(y), name, width * UNIT, chosen);
      };
      const first = then(then(h, 0), 1);
      const y = convs[2] === null ? first : tf.add(first, then(then(h, 2), 3));
      write.forEach((to, j) => {
        const part = cut(y, (j % (width / bank)) * channels, channels);
        const old = banks[to];
        banks[to] = old === undefined ? part : tf.add(old, part);
      });
    });
    x = tf.relu(batchNorm(tf.concat(banks as never[], 3), `transitions.${b}.bn`));
    if (b === 2) return;
    const filter = vars[`transitions.${b}.conv.weight`] as Tensor;
    const used = tf.slice(filter, [0, 0, 0, 0], [1, 1, x.shape[3] as number, -1]);
    x = tf.avgPool(conv(x, used) as never, 2, 2, 'valid');
  });
  const features = tf.mean(x, [1, 2]);
  const weight = tf.slice(vars['classifier.weight'] as Tensor, [0, 0], [features.shape[1] as number, -1]);
  return tf.add(tf.matMul(features as never, weight as never), vars['classifier.bias'] as Tensor);
};

/** The weights of all 1×1 convolutions, one row a channel read, in the order of reading. */
const generatedRows = (genotype: SmashGenotype, vars: Tensors): Tensor => {
  const { slices, channels } = shapes;
  const encoding = tf.tensor3d(partOf(genotype, 'encoding'), [slices, 1, channels]);
  const columns = partOf(genotype, 'columns').flatMap((units) =>
    Array.from({ length: OPTIONS.maxWidth }, (_, i) => Number(i < units)),
  );
  const hypernet = smashHypernet(HYPERNET, [slices, OPTIONS.maxWidth, channels], UNIT ** 2);
  const full = tf.mul(encoding, tf.tensor3d(columns, [slices, OPTIONS.maxWidth, 1]));
  return tf.reshape(rowsOfSquares(tf, hypernet.generate(tf, vars, full), UNIT), [
    slices * UNIT,
    OPTIONS.maxWidth * UNIT,
  ]);
};

describe('the SMASH supernet', () => {
  const names = Object.keys(supernet.weights);
  let graph: CompiledGraph;
  beforeAll(async () => {
    graph = await compileGraph(tf, {
      variables: supernet.weights,
      functions: {
        step: {
          inputs: {
            x: { shape: images.shape, dtype: 'float32' },
            y: { shape: [BATCH], dtype: 'int32' },
            path: { shape: [supernet.pathLength], dtype: 'int32' },
          },
          body: (vars, { x, y, path }, trace) => {
            const { loss, gradients, extra } = lossAndGradients(tf, trace, vars, () => {
              const logits = supernet.logits({ vars, x: x as Tensor, path: path as Tensor, trace });
              return { loss: crossEntropy(tf, logits, y as Tensor), extra: { logits } };
            });
            return { outputs: { loss, logits: extra.logits, ...gradients } };
          },
        },
      },
    });
  });
  afterAll(() => graph.dispose());
  const run = (genotype: SmashGenotype) =>
    graph.call('step', { x: images, y: labels, path: pathOf(genotype) });

  it('computes what the plain network of an architecture computes with the same weights', () => {
    for (let i = 0; i < 6; i++) {
      const genotype = i % 3 === 0 ? space.mutate(space.sample(random), random) : space.sample(random);
      const expected = tf.tidy(() => {
        const vars = Object.fromEntries(
          names.map((name) => [name, toTensor(tf, supernet.weights[name] as HostTensor)]),
        );
        return Array.from(plainLogits(genotype, vars, generatedRows(genotype, vars)).dataSync());
      });
      const actual = run(genotype)['logits']?.data as Float32Array;
      expected.forEach((value, at) => expect(actual[at]).toBeCloseTo(value, 4));
    }
  });

  it('has the gradients of its loss, for the HyperNet as for the free weights', () => {
    const genotype = space.sample(random);
    const before = graph.read();
    const gradients = run(genotype);
    const lossAt = (name: string, direction: Float32Array, step: number): number => {
      const host = before[name] as HostTensor;
      const data = Float32Array.from(host.data, (value, i) => value + step * (direction[i] as number));
      graph.write({ ...before, [name]: { ...host, data } as HostTensor });
      return run(genotype)['loss']?.data[0] as number;
    };
    for (const name of ['stem.weight', 'blocks.0.op.0.weight', 'hypernet.0.weight', 'hypernet.positions']) {
      const gradient = gradients[name]?.data as Float32Array;
      const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value ** 2, 0));
      expect(norm, name).toBeGreaterThan(0);
      const direction = gradient.map((value) => value / norm);
      const step = 0.004;
      const slope = (lossAt(name, direction, step) - lossAt(name, direction, -step)) / (2 * step);
      expect(slope / norm, name).toBeGreaterThan(0.9);
      expect(slope / norm, name).toBeLessThan(1.1);
    }
    graph.write(before);
  });

  it('gives no gradient to filter banks that an architecture does not use', () => {
    const sampled = space.sample(random);
    const only: SmashGenotype = {
      ...sampled,
      blocks: sampled.blocks.map((block) => ({
        ...block,
        ops: block.ops.map((op) => ({ ...op, convs: [[3, 1, 1], null, null, null] })),
      })),
    };
    const gradients = run(space.validate(only));
    for (const name of names.filter((other) => other.startsWith('blocks.'))) {
      const used = (gradients[name]?.data as Float32Array).some((value) => value !== 0);
      expect(used, name).toBe(name.includes('.op.0.'));
    }
  });

  it('encodes what is read, written and done, slice by slice', () => {
    const conv = [3, 2, 4] as const;
    const op = (read: number[], width: number, write: number[]) => ({
      read,
      width,
      convs: [conv, null, [5, 1, 1] as const, null],
      write,
    });
    const genotype = space.validate({
      width: 4,
      blocks: [
        { input: 2, bank: 1, ops: [op([0, 1], 2, [1, 2])] },
        { input: 2, bank: 2, ops: [op([0], 2, [1])] },
        { input: 2, bank: 1, ops: [op([1], 1, [0])] },
      ],
    });
    const { slices, channels } = shapes;
    const encoding = partOf(genotype, 'encoding');
    const hot = (row: number): number[] =>
      encoding.slice(row * channels, (row + 1) * channels).flatMap((bit, i) => (bit === 1 ? [i] : []));
    // 8 units read, 8 written, 3 blocks, 4 widths, then 5 filters and 3 groups for each convolution.
    expect(channels).toBe(8 + 8 + 3 + 4 + 4 * (5 + 3));
    expect(hot(0)).toEqual([0, 8 + 1, 8 + 2, 16, 19 + 1, 23 + 1, 23 + 5 + 2, 39 + 3, 39 + 5]);
    expect(hot(1)).toEqual([1, ...hot(0).slice(1)]);
    // A bank of two units is two slices.
    expect([hot(2), hot(3)].map(([read]) => read)).toEqual([0, 1]);
    expect(hot(2).slice(1, 5)).toEqual([8 + 2, 8 + 3, 17, 19 + 1]);
    expect(hot(4).slice(0, 4)).toEqual([1, 8, 18, 19]);
    expect(Array.from({ length: slices - 5 }, (_, i) => hot(5 + i)).flat()).toEqual([]);
    expect(partOf(genotype, 'columns').slice(0, 6)).toEqual([2, 2, 2, 2, 1, 0]);
  });

  it('counts what is computed: the largest shapes, the kernels of the architecture, a share of the HyperNet', () => {
    const genotype = space.sample(random);
    const withKernels = (kernel: number): SmashGenotype => ({
      ...genotype,
      blocks: genotype.blocks.map((block) => ({
        ...block,
        ops: block.ops.map((op) => ({ ...op, convs: [0, 1, 2, 3].map(() => [kernel, 1, 1] as const) })),
      })),
    });
    const cost = smashMultiplyAdds(OPTIONS, setting, HYPERNET, BATCH);
    const width = OPTIONS.maxWidth * UNIT;
    const pixels = genotype.blocks.map(({ ops }, b) => 4 * ops.length * (SIDE / 2 ** b) ** 2);
    const convolved = pixels.reduce((sum, n) => sum + n, 0);
    expect(cost(withKernels(5)) - cost(withKernels(3))).toBe(convolved * (25 - 9) * width ** 2);
    const { slices, channels } = shapes;
    const { multiplyAdds } = smashHypernet(HYPERNET, [slices, OPTIONS.maxWidth, channels], UNIT ** 2);
    const alone = smashMultiplyAdds(OPTIONS, setting, HYPERNET, 1);
    expect(alone(genotype) - cost(genotype)).toBe(multiplyAdds - Math.round(multiplyAdds / BATCH));
  });
});
