import { expect, it } from 'vitest';
import type { NasRlGenotype, NasRlLayer } from '../../../nas/space/nas-rl.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import { describeClassifier } from '../../../nas/training/networks/network.ts';
import { networkOf } from '../../../nas/training/networks/registry.ts';

const counts = (...genotype: NasRlGenotype): readonly [parameters: number, multiplyAdds: number] => {
  const description = describeClassifier(
    networkOf({ name: 'nas-rl', depth: genotype.length }, JSON.stringify(genotype)),
    { image: [8, 8, 3], classes: 10, auxiliary: false, size: { channels: 16, layers: 1, stem: 'cifar' } },
  );
  return [countParameters(description), countMultiplyAdds(description)];
};
const conv = (filters: number, stride: number, ...skips: number[]): NasRlLayer => ({
  type: 'conv',
  height: 1,
  width: 3,
  filters,
  stride,
  skips,
});

/** Three taps; scale and shift of the batch norm. */
const convolution = (from: number, to: number): number => 3 * from * to + 2 * to;
const classifier = (from: number): number => 10 * (from + 1);

it('joins the layers that a layer names, padded to the largest, and what no layer reads', () => {
  // 24 filters at 8 × 8; 36 at 4 × 4 from them; 48 at 8 × 8 from both; all but the last are read.
  const [parameters, multiplyAdds] = counts(conv(24, 1), conv(36, 2, 1), conv(48, 1, 1, 1));
  expect(parameters).toBe(convolution(3, 24) + convolution(24, 36) + convolution(60, 48) + classifier(48));
  expect(multiplyAdds).toBe(3 * (64 * 3 * 24 + 16 * 24 * 36 + 64 * 60 * 48) + 480);
});

it('feeds the image to layers without input, and the classifier with all loose ends', () => {
  // The second layer reads the image, the third the first: loose ends are the second and the third.
  const [parameters, multiplyAdds] = counts(conv(24, 1), conv(36, 2, 0), conv(48, 3, 1, 0));
  expect(parameters).toBe(
    convolution(3, 24) + convolution(3, 36) + convolution(24, 48) + classifier(36 + 48),
  );
  expect(multiplyAdds).toBe(3 * (64 * 3 * 24 + 16 * 3 * 36 + 9 * 24 * 48) + 840);
});
