import { describe, expect, test } from 'vitest';
import { createBatchPipeline } from '../../../nas/task/images/batches.ts';
import type { BatchSettings } from '../../../nas/task/images/batches.ts';
import { normalisationTable } from '../../../nas/task/images/augment.ts';
import { sha256 } from '../../../nas/core/hash.ts';
import { noiseDataset } from './fixtures.ts';

const dataset = noiseDataset(10); // 30 images of 6 × 5 × 3
const indices = Int32Array.from([...Array(23).keys()]);
const settings: BatchSettings = {
  batchSize: 4,
  mode: 'train',
  augmentation: { cropPadding: 2, horizontalFlip: true, cutout: 2 },
  seed: 3,
};
const plain = { cropPadding: 0, horizontalFlip: false, cutout: 0 };
const digest = (x: Float32Array): string => sha256(new Uint8Array(x.buffer));

/** Which image of the data set an unaugmented example is. */
const identify = (x: Float32Array, at: number): number => {
  const table = normalisationTable(dataset.mean, dataset.std);
  const example = x.subarray(at * 90, (at + 1) * 90);
  for (let image = 0; image < dataset.labels.length; image++) {
    const pixels = dataset.images.subarray(image * 90, (image + 1) * 90);
    if (example.every((value, i) => value === table[256 * (i % 3) + (pixels[i] as number)])) return image;
  }
  throw new Error('not an image of the data set');
};

describe('training batches', () => {
  test('a batch is a function of its position alone, whatever was asked before', () => {
    const forwards = createBatchPipeline(dataset, indices, settings);
    const backwards = createBatchPipeline(dataset, indices, settings);
    const positions = [0, 1, 2].flatMap((epoch) => [0, 1, 2, 3, 4].map((index) => [epoch, index] as const));
    const first = positions.map((p) => digest(forwards.batch(...p).x));
    const second = [...positions]
      .reverse()
      .map((p) => digest(backwards.batch(...p).x))
      .reverse();
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
  });

  test('an epoch visits distinct images of the part, each with its label, and drops what does not fill a batch', () => {
    const pipeline = createBatchPipeline(dataset, indices, { ...settings, augmentation: plain });
    expect(pipeline.batchesPerEpoch).toBe(5);
    expect(pipeline.shape).toEqual([4, 6, 5, 3]);
    const seen = [0, 1, 2, 3, 4].flatMap((index) => {
      const { x, y, valid } = pipeline.batch(7, index);
      expect(valid).toBe(4);
      return [0, 1, 2, 3].map((i) => {
        const image = identify(x, i);
        expect(y[i]).toBe(dataset.labels[image]);
        return image;
      });
    });
    expect(new Set(seen).size).toBe(20);
    expect(Math.max(...seen)).toBeLessThan(23);
    expect(seen).not.toEqual([...seen].sort((a, b) => a - b));
  });

  test('epochs and seeds differ', () => {
    const pipeline = createBatchPipeline(dataset, indices, settings);
    const other = createBatchPipeline(dataset, indices, { ...settings, seed: 4 });
    expect(digest(pipeline.batch(0, 0).x)).not.toBe(digest(pipeline.batch(1, 0).x));
    expect(digest(pipeline.batch(0, 0).x)).not.toBe(digest(other.batch(0, 0).x));
  });

  test('the stream is pinned: a change of order or augmentation would silently change every experiment', () => {
    const pipeline = createBatchPipeline(dataset, indices, settings);
    expect(digest(pipeline.batch(2, 3).x)).toMatchInlineSnapshot(
      `"863c4ed3581d1ab32d0003c5339ba8e2ef06406f45776ad19dbaad285242811f"`,
    );
  });

  test('too few images for one batch', () => {
    expect(() => createBatchPipeline(dataset, indices.slice(0, 3), settings)).toThrow(
      'batchSize: 4, allowed: at most 3',
    );
  });
});

describe('evaluation batches', () => {
  test('in order, unaugmented, every image once, the last batch padded', () => {
    const pipeline = createBatchPipeline(dataset, indices, { ...settings, mode: 'evaluate' });
    expect(pipeline.batchesPerEpoch).toBe(6);
    const seen: number[] = [];
    for (let index = 0; index < 6; index++) {
      const { x, y, valid } = pipeline.batch(0, index);
      for (let i = 0; i < valid; i++) seen.push(identify(x, i));
      expect(Array.from(y.subarray(valid))).toEqual(Array(4 - valid).fill(-1));
      expect(x.subarray(valid * 90).every((value) => value === 0)).toBe(true);
    }
    expect(seen).toEqual(Array.from(indices));
  });
  test('a position beyond the end is refused', () => {
    const pipeline = createBatchPipeline(dataset, indices, { ...settings, mode: 'evaluate' });
    expect(() => pipeline.batch(0, 6)).toThrow('batch 6 of 6');
  });
});
