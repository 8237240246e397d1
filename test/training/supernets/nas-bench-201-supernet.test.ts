import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { NAS_BENCH_201_OPERATIONS, nasBench201 } from '../../../nas/space/nas-bench-201.ts';
import { countMultiplyAdds } from '../../../nas/training/layers/counting.ts';
import { describeNasBench201 } from '../../../nas/training/networks/nas-bench-201.ts';
import { pathSupernet } from '../../../nas/training/supernets/gated-path.ts';
import { mixtureSupernet } from '../../../nas/training/supernets/mixture.ts';
import { nasBench201Supernet } from '../../../nas/training/supernets/nas-bench-201-supernet.ts';
import {
  describePath,
  describeSupernet,
  supernetVariables,
} from '../../../nas/training/supernets/supernet.ts';
import { toTensor, type Tensors } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const size = { channels: 4, layers: 3, stem: 'cifar' } as const;
const image = [8, 8, 3] as const;
const supernet = nasBench201Supernet({ size, image, classes: 3 });
const cells = Array.from({ length: 6 }, (_, seed) => nasBench201.sample(randomFromSeed(seed)));

describe('the supernet of NAS-Bench-201', () => {
  it('gives along a path what the mixture gives with one-hot weights', () => {
    tf.tidy(() => {
      const vars: Tensors = Object.fromEntries(
        Object.entries(supernetVariables(supernet, 3)).map(([name, value]) => [name, toTensor(tf, value)]),
      );
      const x = tf.randomNormal([4, ...image], 0, 1, 'float32', 9);
      const trace = eagerTrace(tf);
      for (const cell of cells) {
        const path = supernet.encodePath(cell);
        const hot = tf.oneHot(tf.tensor1d([...path], 'int32'), NAS_BENCH_201_OPERATIONS.length);
        for (const mode of [{ kind: 'train', trace }, { kind: 'evaluate' }] as const) {
          const weights = { cell: tf.cast(hot, 'float32') };
          const mixed = mixtureSupernet(tf, supernet, vars, x, weights, mode).logits.dataSync();
          const gated = pathSupernet(tf, supernet, vars, x, tf.tensor1d(path), trace, mode).logits.dataSync();
          gated.forEach((logit, i) => expect(logit).toBeCloseTo(mixed[i] as number, 4));
        }
      }
    });
  });

  it('computes along a path what the network of that cell computes', () => {
    for (const genotype of cells) {
      const alone = describeNasBench201({ genotype, channels: 4, cellsPerStage: 1, image, classes: 3 });
      expect(countMultiplyAdds(describePath(supernet, supernet.encodePath(genotype)))).toBe(
        countMultiplyAdds(alone),
      );
    }
    // Three cells of six edges with a 1×1 and a 3×3 convolution each.
    const searched = describeSupernet(supernet).declarations.filter(({ name }) =>
      /layers\.\d\.\d\.op\.1\.weight$/.test(name),
    );
    expect(searched).toHaveLength(3 * 6 * 2);
  });

  it('derives the strongest operation of every edge, none included', () => {
    const rows = [0, 1, 2, 3, 4, 0].map((best) => [0, 1, 2, 3, 4].map((k) => (k === best ? 0.4 : 0.15)));
    expect(supernet.space.print(supernet.derive({ cell: rows }))).toBe(
      '|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|',
    );
  });

  it('needs three equal stages', () => {
    expect(() => nasBench201Supernet({ size: { ...size, layers: 4 }, image, classes: 3 })).toThrow(
      /4 layers: allowed: multiples of 3/,
    );
  });
});
