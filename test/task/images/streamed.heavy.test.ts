import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProgramData } from '../../../containers/trainer/resources.ts';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { ImageManifest } from '../../../nas/task/images/manifest.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { createBatchPipeline } from '../../../nas/task/images/batches.ts';
import type { BatchSettings } from '../../../nas/task/images/batches.ts';
import { randomCrop } from '../../../nas/task/images/decode-image.ts';
import { createPrefetchedPipeline } from '../../../nas/task/images/prefetch.ts';
import { placesOf, streamOrder } from '../../../nas/task/images/streamed-dataset.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import type { ImageSource } from '../../../nas/training/tasks/images/image-data.ts';
import { addImages } from '../../../scripts/data/add-images.ts';
import { verifyDataset } from '../../../store/datasets.ts';
import type { StoredDataset } from '../../../store/datasets.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { definitionOf } from '../../../nas/space/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-streamed-'));
const cache = join(folder, 'cache');
const store = createMemoryObjectStore();
const CLASSES = ['cat', 'dog', 'emu'];
const PER_CLASS = 8;
const SIZE = 16;
let data: ImageSource;
let added: StoredDataset<ImageManifest>;

/** A JPEG of its class's brightness, its size its own. */
const makeImage = async (path: string, brightness: number, width: number, height: number): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const random = randomFromSeed(width * height);
  const pixels = Buffer.from(
    Uint8Array.from({ length: width * height * 3 }, () => brightness + random.int(30)),
  );
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toFile(path);
};

beforeAll(async () => {
  for (const [split, count] of [
    ['train', PER_CLASS],
    ['val', 2],
  ] as const)
    for (const [k, name] of CLASSES.entries())
      for (let i = 0; i < count; i++)
        await makeImage(join(folder, 'images', split, name, `${i}.jpg`), 80 * k, 20 + 3 * i, 40 - 2 * i);
  added = await addImages(store, 'birds', 'birds', { from: join(folder, 'images'), files: true, size: SIZE });
  const dataset = { name: 'birds', manifest: added.ref };
  data = (await openProgramData(store, dataset, cache, 1)) as ImageSource;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = (mode: BatchSettings['mode']): BatchSettings => ({
  batchSize: 5,
  mode,
  augmentation: { cropPadding: 4, horizontalFlip: true, cutout: 0 },
  seed: 3,
});
const source = async (split: 'train' | 'test') => {
  const opened = await data.stream?.(split);
  if (opened === undefined) throw new Error('the data set is not streamed');
  return { opened, all: Int32Array.from(opened.labels.keys()) };
};

describe('a data set of image files', () => {
  it('keeps the files, states what they decode to, and verifies', async () => {
    expect(added.manifest).toMatchObject({ encoding: 'files', shape: [SIZE, SIZE, 3], classes: CLASSES });
    expect([added.manifest.splits.train.count, added.manifest.splits.test.count]).toEqual([24, 6]);
    expect(await verifyDataset(store, added.manifest)).toEqual([]);
    for (const mean of added.manifest.normalisation.mean) expect(mean).toBeCloseTo(95 / 255, 1);
  });

  it('is evaluated as if all its images were decoded beforehand', async () => {
    const { opened, all } = await source('test');
    const inMemory = createBatchPipeline(await data.open('test'), all, settings('evaluate'));
    const streamed = createPrefetchedPipeline(opened, all, settings('evaluate'));
    for (const index of [0, 1]) {
      const batch = await streamed.batch(0, index);
      expect(batch).toEqual(inMemory.batch(0, index));
      expect(batch.valid).toBe(index === 0 ? 5 : 1);
    }
    await streamed.close();
  });

  it('gives a batch from its position alone, whatever was asked for before', async () => {
    const { opened, all } = await source('train');
    const [a, b] = [0, 1].map(() => createPrefetchedPipeline(opened, all, settings('train')));
    const forwards = [];
    for (let index = 0; index < 4; index++) forwards.push(await a!.batch(1, index));
    for (const index of [2, 0, 3, 1]) expect(await b!.batch(1, index)).toEqual(forwards[index]);
    expect(await b!.batch(2, 0)).not.toEqual(forwards[0]);
    // Brightness tells the class: labels belong to their images.
    for (const { x, y } of forwards)
      y.forEach((label, i) => {
        const pixels = x.subarray(i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
        const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
        const { mean: [m = 0] = [], std: [s = 1] = [] } = opened;
        expect(Math.abs(((mean * s + m) * 255 - 15) / 80 - label)).toBeLessThan(0.5);
      });
    await Promise.all([a!.close(), b!.close()]);
  });

  it('names a shard that cannot be had', async () => {
    const { opened, all } = await source('train');
    const broken = { ...opened, shardFile: () => Promise.reject(new Error('the disk is full')) };
    const pipeline = createPrefetchedPipeline(broken, all, settings('train'));
    await expect(pipeline.batch(0, 0)).rejects.toThrow('the disk is full');
    await pipeline.close();
  });

  it('trains, and continues bit for bit, holding files in the cache alone', async () => {
    const spec: TrainNetworkSpec = {
      kind: 'train-network',
      space: { name: 'darts-cnn' },
      genotype: definitionOf('darts-cnn').published()['DARTS_V2'] as string,
      network: { channels: 2, layers: 1, stem: 'imagenet' },
      recipe: recipeSchema.parse({ epochs: 1, batchSize: 4 }),
      data: { validationFraction: 0.25, splitSeed: 0, augmentation: settings('train').augmentation },
      seed: 1,
      trainOn: 'train',
      evaluateOn: 'validation',
    };
    const { tf } = loadTensorFlow({ threads: 1 });
    const whole = await createProgram(spec, { tf, data });
    await whole.advance();
    await whole.advance();
    const middle = whole.snapshot();
    const finish = async (program: typeof whole): Promise<string> => {
      while (program.step < program.totalSteps) await program.advance();
      return JSON.stringify(program.result());
    };
    const expected = await finish(whole);
    const resumed = await createProgram(spec, { tf, data });
    resumed.restore(middle);
    expect(await finish(resumed)).toBe(expected);
    whole.dispose();
    resumed.dispose();
    expect((await readdir(cache)).sort()).toContain(added.manifest.splits.train.shards[0]?.blob.sha256);
  }, 120_000);
});

describe('streamOrder', () => {
  const { shard, place } = placesOf(Array.from({ length: 40 }, (_, i) => 3 + (i % 2)));
  it('is a permutation that finishes 16 shards before it begins others', () => {
    const all = Int32Array.from(shard.keys());
    const order = streamOrder(shard, all, 7, 0);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from(all));
    expect(streamOrder(shard, all, 7, 0)).toEqual(order);
    expect(streamOrder(shard, all, 7, 1)).not.toEqual(order);
    const firstWindow = new Set(order.map((index) => shard[index])).size;
    expect(firstWindow).toBe(40);
    const begun = new Set<number>();
    for (const [at, index] of order.entries()) {
      begun.add(shard[index] as number);
      if (at === 47) expect(begun.size).toBeLessThanOrEqual(16);
    }
    expect(place[3]).toBe(0);
  });
});

describe('randomCrop', () => {
  it.each([
    [300, 200],
    [20, 900],
    [1, 1],
  ])('lies within an image of %d × %d', (width, height) => {
    const random = randomFromSeed(1);
    for (let i = 0; i < 200; i++) {
      const crop = randomCrop(random, width, height, 0.08);
      expect(crop.width).toBeGreaterThan(0);
      expect(crop.height).toBeGreaterThan(0);
      expect(crop.left + crop.width).toBeLessThanOrEqual(width);
      expect(crop.top + crop.height).toBeLessThanOrEqual(height);
    }
  });

  it('takes between 8 % and all of the area, in proportions up to 4 : 3', () => {
    const random = randomFromSeed(2);
    const areas = Array.from({ length: 2000 }, () => {
      const { width, height } = randomCrop(random, 400, 400, 0.08);
      expect(width / height).toBeGreaterThan(0.74);
      expect(width / height).toBeLessThan(1.35);
      return (width * height) / 160_000;
    });
    expect(Math.min(...areas)).toBeGreaterThan(0.075);
    expect(Math.max(...areas)).toBeGreaterThan(0.9);
    // Uniform in [0.08, 1] but for the largest, which do not fit in every proportion.
    expect(areas.reduce((sum, area) => sum + area, 0) / areas.length).toBeCloseTo(0.5, 1);
  });
});
