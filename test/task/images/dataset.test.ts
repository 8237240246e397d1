import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../nas/core/hash.ts';
import { datasetHash } from '../../../nas/task/images/manifest.ts';
import type { ImageManifest } from '../../../nas/task/images/manifest.ts';
import type { ContentRef } from '../../../nas/core/blob.ts';
import { openDataset } from '../../../nas/task/images/dataset.ts';
import { channelStatistics, concatenateImages, selectImages } from '../../../nas/task/images/image-set.ts';
import { encodeShard } from '../../../nas/task/images/shard.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { indicesByClass, splitTrainValidation } from '../../../nas/task/images/split.ts';
import { noiseDataset } from './fixtures.ts';

const noise = noiseDataset(10);

/** The noise data set in shards of 12, 12 and 6 images, held in a map. */
const stored = (): {
  manifest: ImageManifest;
  blobs: Map<string, Uint8Array>;
  fetch: (ref: ContentRef) => Promise<Uint8Array>;
} => {
  const blobs = new Map<string, Uint8Array>();
  const shards = [
    [0, 12],
    [12, 24],
    [24, 30],
  ].map(([from, to]) => {
    const part = selectImages(
      noise,
      Array.from({ length: (to as number) - (from as number) }, (_, i) => (from as number) + i),
    );
    const bytes = encodeShard(part);
    blobs.set(sha256(bytes), bytes);
    return { blob: { sha256: sha256(bytes), bytes: bytes.length }, count: part.labels.length };
  });
  const splits = { train: { count: 30, shards }, test: { count: 12, shards: shards.slice(0, 1) } };
  const shape: [number, number, 3] = [6, 5, 3];
  const manifest: ImageManifest = {
    version: 1,
    name: 'noise',
    shape,
    classes: ['a', 'b', 'c'],
    splits,
    normalisation: channelStatistics(noise),
    sha256: datasetHash({ shape, classes: ['a', 'b', 'c'], splits }),
    source: 'test',
    licence: 'none',
    verified: 'no',
  };
  return { manifest, blobs, fetch: (ref) => Promise.resolve(blobs.get(ref.sha256) as Uint8Array) };
};

describe('openDataset', () => {
  test('reads every image and label back', async () => {
    const { manifest, fetch } = stored();
    const train = await openDataset(manifest, 'train', fetch);
    expect(Array.from(train.images)).toEqual(Array.from(noise.images));
    expect(Array.from(train.labels)).toEqual(Array.from(noise.labels));
    expect(train.images.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect((await openDataset(manifest, 'test', fetch)).labels.length).toBe(12);
  });
  test('a flipped bit is found and the shard named', async () => {
    const { manifest, blobs, fetch } = stored();
    const hash = manifest.splits.train.shards[1]!.blob.sha256;
    blobs.get(hash)![40]! ^= 4;
    await expect(openDataset(manifest, 'train', fetch)).rejects.toThrow(/noise: train shard 1: sha256/);
  });
  test('a truncated shard whose hash agrees is found by its length', async () => {
    const { manifest, blobs, fetch } = stored();
    const shard = manifest.splits.train.shards[0]!;
    const short = blobs.get(shard.blob.sha256)!.slice(0, -1);
    blobs.set(sha256(short), short);
    const lying = structuredClone(manifest);
    lying.splits.train.shards[0]!.blob = { ...shard.blob, sha256: sha256(short) };
    await expect(openDataset(lying, 'train', fetch)).rejects.toThrow('1103 bytes, expected 1104');
  });
  test('a label beyond the classes is found', async () => {
    const { manifest, fetch } = stored();
    await expect(openDataset({ ...manifest, classes: ['a', 'b'] }, 'train', fetch)).rejects.toThrow(
      'image 2 has label 2 of 2 classes',
    );
  });
});

describe('splitTrainValidation', () => {
  test('is stratified, exhaustive, disjoint and seeded', () => {
    const { train, validation } = splitTrainValidation(noise, 0.3, 0);
    expect([train.length, validation.length]).toEqual([21, 9]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...Array(30).keys()]);
    for (const label of [0, 1, 2]) {
      expect(validation.filter((i) => noise.labels[i] === label).length).toBe(3);
    }
    expect(Array.from(validation)).toEqual([...validation].sort((a, b) => a - b));
    expect(splitTrainValidation(noise, 0.3, 0)).toEqual({ train, validation });
    expect(splitTrainValidation(noise, 0.3, 1).validation).not.toEqual(validation);
  });
  test('of equal classes whose share is whole, it is what rounding class by class gave, bit for bit', () => {
    const byRounding = (labels: Int32Array, fraction: number, seed: number): number[] =>
      indicesByClass(labels)
        .flatMap((indices, label) =>
          randomFromSeed(deriveSeed(seed, 'split', label))
            .shuffle(indices)
            .slice(0, Math.round(fraction * indices.length)),
        )
        .sort((a, b) => a - b);
    for (const [classes, each, fraction] of [
      [10, 800, 0.5],
      [10, 800, 0.2],
      [10, 500, 0.1],
      [100, 50, 0.5],
      [3, 20, 0.25],
      [7, 100, 0.29],
    ] as const)
      for (const seed of [0, 1, 7]) {
        const labels = Int32Array.from({ length: classes * each }, (_, i) => (i * 7919) % classes);
        expect(Array.from(splitTrainValidation({ labels }, fraction, seed).validation)).toEqual(
          byRounding(labels, fraction, seed),
        );
      }
  });
  test('40 classes of 3 images halved are 60 and 60, every class in both', () => {
    const labels = Int32Array.from({ length: 120 }, (_, i) => i % 40);
    const { train, validation } = splitTrainValidation({ labels }, 0.5, 0);
    expect([train.length, validation.length]).toEqual([60, 60]);
    for (const part of [train, validation]) expect(new Set(Array.from(part, (i) => labels[i])).size).toBe(40);
  });
  test('a class too small for both parts is named, and a fraction that leaves a class out', () => {
    const labels = Int32Array.from([...new Array<number>(16).fill(0), 1, 2, 2]);
    for (const fraction of [0.25, 0.5])
      expect(() => splitTrainValidation({ labels, classes: ['a', 'rare', 'c'] }, fraction, 0)).toThrow(
        'class rare has 1 training image, and needs 2',
      );
    expect(() => splitTrainValidation(noise, 0.01, 0)).toThrow(
      /validationFraction: 0.01 of 30 images leaves 30/,
    );
    expect(() => splitTrainValidation(noise, 0.99, 0)).toThrow('leaves 0 to train on and 30');
    expect(() => splitTrainValidation(noise, 1, 0)).toThrow('validationFraction: 1, allowed');
  });
  test('the split that the data set gives is taken as it is', () => {
    const { train, validation } = splitTrainValidation({ ...noise, givenValidation: 4 }, 0.5, 0);
    expect(Array.from(validation)).toEqual([26, 27, 28, 29]);
    expect(Array.from(train)).toEqual([...Array(26).keys()]);
  });
});

describe('image sets', () => {
  test('channel statistics equal the definition', () => {
    const { mean, std } = channelStatistics(noise);
    for (const c of [0, 1, 2]) {
      const values = Array.from(
        noise.images.filter((_, i) => i % 3 === c),
        (byte) => byte / 255,
      );
      const average = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length;
      expect(mean[c]).toBeCloseTo(average, 12);
      expect(std[c]).toBeCloseTo(Math.sqrt(variance), 12);
    }
  });
  test('a constant channel has standard deviation 1', () => {
    const constant = {
      shape: [1, 1, 1] as const,
      images: new Uint8Array(4).fill(51),
      labels: new Int32Array(4),
    };
    expect(channelStatistics(constant)).toEqual({ mean: [0.2], std: [1] });
  });
  test('concatenation keeps order and refuses unequal shapes', () => {
    const half = selectImages(noise, [3, 1]);
    const both = concatenateImages([half, selectImages(noise, [7])]);
    expect(Array.from(both.labels)).toEqual([0, 1, 1]);
    expect(Array.from(both.images.subarray(180))).toEqual(Array.from(noise.images.subarray(630, 720)));
    expect(() => concatenateImages([half, { ...half, shape: [5, 6, 3] }])).toThrow('6×5×3 and 5×6×3');
  });
});
