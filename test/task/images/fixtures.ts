import type { InMemoryDataset } from '../../../nas/task/images/dataset.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';

/** A small data set of seeded noise: `perClass` images of each of `classes`, interleaved. */
export const noiseDataset = (
  perClass: number,
  classes = 3,
  shape: readonly [number, number, number] = [6, 5, 3],
): InMemoryDataset => {
  const random = randomFromSeed(5);
  const count = perClass * classes;
  const size = shape[0] * shape[1] * shape[2];
  return {
    name: 'noise',
    split: 'train',
    shape,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    images: Uint8Array.from({ length: count * size }, () => random.int(256)),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    mean: Array.from({ length: shape[2] }, (_, c) => 0.4 + 0.05 * c),
    std: Array.from({ length: shape[2] }, (_, c) => 0.2 + 0.05 * c),
  };
};
