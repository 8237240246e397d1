import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { PRIMITIVES } from '../../../nas/space/cell-genotype.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import { MEASURES, edgeCosts } from '../../../nas/training/tasks/images/edge-costs.ts';
import { logResource } from '../../../nas/training/programs/resource-term.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { concreteSample, temperatureAt } from '../../../nas/training/programs/snas-strategy.ts';
import { dartsSupernet } from '../../../nas/training/supernets/darts-supernet.ts';
import { mixtureSupernet } from '../../../nas/training/supernets/mixture.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import { describePath, supernetVariables } from '../../../nas/training/supernets/supernet.ts';

const { tf } = loadTensorFlow({ threads: 1 });

describe('temperatureAt', () => {
  it('falls linearly and ends at the final value', () => {
    const settings = { initial: 1, final: 0.2 };
    const values = [0, 1, 2, 3, 4].map((epoch) => temperatureAt(settings, epoch, 5));
    values.forEach((value, i) => expect(value).toBeCloseTo(1 - 0.2 * i, 12));
    expect(temperatureAt(settings, 0, 1)).toBe(1);
  });
});

describe('concreteSample', () => {
  const rows = 4000;
  const alphas = [0.5, 0.3, 0.15, 0.05];
  const sample = (temperature: number): number[][] =>
    tf.tidy(() => {
      const logAlphas = tf.tile(tf.log(tf.tensor2d([alphas])), [rows, 1]);
      const uniform = tf.randomUniform([rows, alphas.length], 0, 1, 'float32', 7);
      return concreteSample(tf, logAlphas, uniform, tf.scalar(temperature)).arraySync() as number[][];
    });

  it('has its largest entry with the probabilities alpha, at any temperature', () => {
    const counts = alphas.map(() => 0);
    for (const row of sample(0.5)) {
      const at = row.indexOf(Math.max(...row));
      counts[at] = (counts[at] as number) + 1;
      expect(row.reduce((sum, z) => sum + z, 0)).toBeCloseTo(1, 4);
    }
    // Three standard errors of a proportion of 4000.
    counts.forEach((count, k) => {
      const p = alphas[k] as number;
      expect(Math.abs(count / rows - p)).toBeLessThan(3 * Math.sqrt((p * (1 - p)) / rows) + 1e-9);
    });
  });

  it('is nearly one-hot when cold, and finite at the ends of the unit interval', () => {
    const cold = sample(0.03).map((row) => Math.max(...row));
    expect(cold.reduce((sum, z) => sum + z, 0) / rows).toBeGreaterThan(0.95);
    tf.tidy(() => {
      const ends = tf.tensor2d([[0, 1, 0.5, 0]]);
      const row = concreteSample(tf, tf.zeros([1, 4]), ends, tf.scalar(0.03)).dataSync();
      expect([...row].every(Number.isFinite)).toBe(true);
    });
  });
});

describe('edgeCosts', () => {
  const spec = dartsSupernet({
    size: { channels: 4, layers: 3, stem: 'cifar' },
    image: [8, 8, 1],
    classes: 3,
  });
  const costs = edgeCosts(spec);
  const cost = (
    kind: 'normal' | 'reduce',
    measure: (typeof MEASURES)[number],
    row: number,
    primitive: (typeof PRIMITIVES)[number],
    cell = 0,
  ): number => {
    const { data, shape } = costs[kind] as HostTensor;
    const [, measures, edges, operations] = shape as [number, number, number, number];
    const at = ((cell * measures + MEASURES.indexOf(measure)) * edges + row) * operations;
    return data[at + PRIMITIVES.indexOf(primitive)] as number;
  };

  it('has every cell of every kind', () => {
    expect(costs['normal']?.shape).toEqual([1, 3, 14, 8]);
    expect(costs['reduce']?.shape).toEqual([2, 3, 14, 8]);
  });

  it('agrees with the counts of whole networks', () => {
    const path = new Int32Array(28);
    const empty = describePath(spec, path);
    path[6] = PRIMITIVES.indexOf('sep_conv_3x3');
    const one = describePath(spec, path);
    const parameters = countParameters(one) - countParameters(empty);
    const multiplyAdds = countMultiplyAdds(one) - countMultiplyAdds(empty);
    // The one normal cell is the first: 4 channels of 8 × 8 in and out, read and written by four
    // convolutions.
    expect(cost('normal', 'size', 6, 'sep_conv_3x3')).toBe(parameters);
    expect(cost('normal', 'flops', 6, 'sep_conv_3x3')).toBe(multiplyAdds);
    expect(cost('normal', 'memory', 6, 'sep_conv_3x3')).toBe(8 * (8 * 8 * 4) + parameters);
  });

  it('counts pools and the identity, and nothing for zero', () => {
    expect(cost('normal', 'flops', 0, 'max_pool_3x3')).toBe(9 * 8 * 8 * 4);
    expect(cost('normal', 'memory', 0, 'avg_pool_3x3')).toBe(2 * 8 * 8 * 4);
    // The first reduction has 8 channels and halves 8 × 8 pixels, of which it reads all.
    expect(cost('reduce', 'memory', 0, 'avg_pool_3x3')).toBe(5 * 4 * 4 * 8);
    expect(cost('normal', 'memory', 0, 'skip_connect')).toBe(2 * 8 * 8 * 4);
    expect(cost('normal', 'size', 0, 'skip_connect') + cost('normal', 'flops', 0, 'skip_connect')).toBe(0);
    for (const measure of MEASURES) expect(cost('reduce', measure, 0, 'none', 1)).toBe(0);
    // A skip at stride 2 is two convolutions; row 4 is node 1's edge from node 0.
    expect(cost('reduce', 'size', 0, 'skip_connect')).toBe(8 * 8);
    expect(cost('reduce', 'size', 4, 'skip_connect')).toBe(0);
  });
});

describe('logResource', () => {
  const cost = (cells: number, operations: number[]): HostTensor => ({
    dtype: 'float32',
    shape: [cells, 3, 1, operations.length],
    data: Float32Array.from({ length: cells * 3 * operations.length }, (_, i) => operations[i % 2] as number),
  });
  const term = (costs: Record<string, HostTensor>, ratio?: number): number =>
    tf.tidy(() => {
      const samples = Object.fromEntries(
        Object.keys(costs).map((kind) => [kind, tf.tensor2d([[0.25, 0.75]])]),
      );
      return logResource(tf, costs, samples, ratio).dataSync()[0] as number;
    });

  it('is the mean logarithm of an edge, over 6 normal and 2 reduction cells whatever there are', () => {
    expect(term({ normal: cost(2, [0, 40]) })).toBeCloseTo((2 * Math.log(30)) / 6, 5);
    expect(term({ normal: cost(2, [0, 40]), reduce: cost(2, [4, 20]) }, 3)).toBeCloseTo(
      (2 * Math.log(30)) / 6 + (3 * 2 * Math.log(16)) / 2,
      5,
    );
  });

  it('is the mean over the cells in a space of one kind, and nothing below one', () => {
    expect(term({ cell: cost(5, [0, 40]) })).toBeCloseTo(Math.log(30), 5);
    expect(term({ cell: cost(5, [0, 1]) })).toBe(0);
  });
});

describe('drop-path of a search', () => {
  it('falls on whole edges of an image, identity included', () => {
    const supernet = dartsSupernet({
      size: { channels: 2, layers: 1, stem: 'cifar' },
      image: [4, 4, 1],
      classes: 2,
    });
    const variables = supernetVariables(supernet, 0);
    tf.tidy(() => {
      const vars = Object.fromEntries(
        Object.entries(variables).map(([name, { data, shape }]) => [
          name,
          tf.tensor(data as Float32Array, [...shape]),
        ]),
      );
      // Every edge is the identity or its reduction, and all but sure to be dropped.
      const skip = tf.tile(tf.oneHot(tf.tensor1d([3], 'int32'), 8), [14, 1]);
      const weights = { normal: tf.cast(skip, 'float32'), reduce: tf.cast(skip, 'float32') };
      const x = tf.randomUniform([3, 4, 4, 1], -1, 1, 'float32', 1);
      const logits = (dropPath: number | undefined): Float32Array => {
        const drop = dropPath && { dropPath: tf.scalar(dropPath), seed: tf.tensor1d([1, 2], 'int32') };
        const trace = eagerTrace(tf);
        const mode = { kind: 'train', trace, ...(drop && { drop }) } as const;
        const { logits } = mixtureSupernet(tf, supernet, vars, x, weights, mode);
        const values = logits.dataSync() as Float32Array;
        trace.release();
        return values;
      };
      const bias = variables['classifier.bias']?.data as Float32Array;
      logits(1 - 1e-6).forEach((value, i) => expect(value).toBeCloseTo(bias[i % 2] as number, 5));
      expect(logits(undefined)[0]).not.toBeCloseTo(bias[0] as number, 3);
    });
  });
});
