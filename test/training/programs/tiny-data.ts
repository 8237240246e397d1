import type { InMemoryDataset } from '../../../nas/task/images/dataset.ts';
import type { ImageSource } from '../../../nas/training/tasks/images/image-data.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';

/** Learnable images: class k is bright in its own columns, over noise. */
const makeSplit = (name: 'train' | 'test', count: number, size: number, classes: number): InMemoryDataset => {
  const random = randomFromSeed(name === 'train' ? 1 : 2);
  const images = new Uint8Array(new SharedArrayBuffer(count * size * size));
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  for (let i = 0; i < count; i++) {
    const label = i % classes;
    labels[i] = label;
    for (let p = 0; p < size * size; p++)
      images[i * size * size + p] =
        random.int(100) + (Math.floor(((p % size) * classes) / size) === label ? 80 : 0);
  }
  return {
    name: 'tiny',
    split: name,
    shape: [size, size, 1],
    images,
    labels,
    classes: Array.from({ length: classes }, (_, k) => String(k)),
    mean: [0.25],
    std: [0.15],
  };
};

/** A small learnable data set, and a record of which splits were opened. */
export const tinyData = (
  counts = { train: 80, test: 22 },
  size = 8,
  classes = 4,
): ImageSource & { readonly opened: string[] } => {
  const opened: string[] = [];
  return {
    shape: [size, size, 1],
    classes,
    counts,
    opened,
    open: async (split) => {
      opened.push(split);
      return makeSplit(split, counts[split], size, classes);
    },
  };
};
