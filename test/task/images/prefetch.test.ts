import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createBatchPipeline } from '../../../nas/task/images/batches.ts';
import type { BatchSettings } from '../../../nas/task/images/batches.ts';
import { createPrefetchedPipeline } from '../../../nas/task/images/prefetch.ts';
import type { PrefetchedPipeline } from '../../../nas/task/images/prefetch.ts';
import { noiseDataset } from './fixtures.ts';

const dataset = noiseDataset(10);
const indices = Int32Array.from([...Array(23).keys()]);
const settings: BatchSettings = {
  batchSize: 4,
  mode: 'train',
  augmentation: { cropPadding: 2, horizontalFlip: true, cutout: 2 },
  seed: 3,
};
let open: PrefetchedPipeline | undefined;
afterEach(() => open?.close());

test('gives the same batches as the pipeline it prefetches, in order and out of order', async () => {
  const direct = createBatchPipeline(dataset, indices, settings);
  const prefetched = (open = createPrefetchedPipeline(dataset, indices, settings));
  expect(prefetched.batchesPerEpoch).toBe(direct.batchesPerEpoch);
  for (const [epoch, index] of [
    [0, 3],
    [0, 4],
    [1, 0],
    [1, 1],
    [5, 2],
    [0, 0],
    [0, 1],
  ] as const) {
    expect(await prefetched.batch(epoch, index)).toEqual(direct.batch(epoch, index));
  }
});

test('an error in the thread reaches the caller; after close, calls reject', async () => {
  const prefetched = (open = createPrefetchedPipeline(dataset, indices, settings));
  await expect(prefetched.batch(0, 99)).rejects.toThrow('data loading: batch 99 of 5');
  await prefetched.close();
  await expect(prefetched.batch(0, 0)).rejects.toThrow('worker thread has ended');
});

test('an open prefetcher does not keep the process alive', async () => {
  const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { createPrefetchedPipeline } = await import(${here('../../../nas/task/images/prefetch.ts')});
    const { noiseDataset } = await import(${here('./fixtures.ts')});
    const pipeline = createPrefetchedPipeline(noiseDataset(10), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), ${JSON.stringify(settings)});
    const { valid } = await pipeline.batch(0, 0);
    console.log('valid', valid);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { timeout: 30_000 },
  );
  expect(stdout).toBe('valid 4\n');
}, 40_000);
