import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { PRIMITIVES } from '../../../nas/space/cell-genotype.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import { edgeCosts } from '../../../nas/training/programs/edge-costs.ts';
import { concreteSample, temperatureAt } from '../../../nas/training/programs/snas-strategy.ts';
import { dartsSupernet } from '../../../nas/training/supernets/darts-supernet.ts';
import { describePath } from '../../../nas/training/supernets/supernet.ts';

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
  const cost = (kind: 'normal' | 'reduce', row: number, primitive: (typeof PRIMITIVES)[number]): number =>
    costs[kind]?.[row * PRIMITIVES.length + PRIMITIVES.indexOf(primitive)] as number;

  it('agrees with the counts of whole networks', () => {
    const path = new Int32Array(28);
    const empty = describePath(spec, path);
    const sep = PRIMITIVES.indexOf('sep_conv_3x3');
    path[6] = sep;
    const one = describePath(spec, path);
    const parameters = countParameters(one) - countParameters(empty);
    const multiplyAdds = countMultiplyAdds(one) - countMultiplyAdds(empty);
    // The one normal cell is the first: 4 channels of 8 × 8 in and out.
    expect(cost('normal', 6, 'sep_conv_3x3')).toBe(parameters + multiplyAdds + 2 * 8 * 8 * 4 + parameters);
  });

  it('charges nothing for doing nothing', () => {
    expect(cost('normal', 0, 'none') + cost('normal', 0, 'skip_connect') + cost('reduce', 0, 'none')).toBe(0);
    // A skip at stride 2 is two convolutions; row 4 is node 1's edge from node 0.
    expect(cost('reduce', 0, 'skip_connect')).toBeGreaterThan(0);
    expect(cost('reduce', 4, 'skip_connect')).toBe(0);
  });
});
