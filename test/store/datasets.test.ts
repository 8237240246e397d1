import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SHIPPED_NAME, seedShippedDataset } from '../../scripts/data/shipped.ts';
import { blobIn, cachedBlobFetcher } from '../../store/blob-cache.ts';
import {
  datasetCounts,
  findDatasets,
  listDatasets,
  readDataset,
  verifyDataset,
} from '../../store/datasets.ts';
import { writeDataset } from '../../store/image-datasets.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { parseS3Uri } from '../../store/object-store.ts';
import { openDataset } from '../../nas/task/images/dataset.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';
import { selectImages } from '../../nas/task/images/image-set.ts';
import { noiseDataset } from '../task/images/fixtures.ts';

const noise = noiseDataset(10);
const raw: RawDataset = {
  classes: noise.classes,
  train: selectImages(noise, [...Array(24).keys()]),
  test: selectImages(noise, [24, 25, 26, 27, 28, 29]),
  source: 'noise',
  licence: 'none',
  verified: 'no',
};

describe('data sets in the store', () => {
  test('written, listed, read back and verified', async () => {
    const store = createMemoryObjectStore();
    const { created, manifest, ref } = await writeDataset(store, 'noise', raw);
    expect(created).toBe(true);
    expect((await listDatasets(store)).map((d) => d.manifest.name)).toEqual(['noise']);
    expect(await readDataset(store, 'noise')).toEqual({ manifest, ref });
    expect(await verifyDataset(store, manifest)).toEqual([]);
    expect(await readDataset(store, 'nothing')).toBeUndefined();
  });

  test('those that can be read are listed beside one whose manifest is damaged', async () => {
    const store = createMemoryObjectStore();
    await writeDataset(store, 'noise', raw);
    await store.put('datasets/half/manifest.json', new TextEncoder().encode('{"version": 1, "na'));
    const { intact, damaged } = await findDatasets(store);
    expect(intact.map(({ manifest }) => manifest.name)).toEqual(['noise']);
    expect(damaged).toEqual([
      { name: 'half', problem: expect.stringMatching(/datasets\/half\/manifest\.json.*Fix: /s) },
    ]);
    expect(await listDatasets(store)).toEqual(intact);
  });

  test('writing equal content again changes nothing; other content under the name is refused', async () => {
    const store = createMemoryObjectStore();
    const first = await writeDataset(store, 'noise', raw);
    const again = await writeDataset(store, 'noise', { ...raw, source: 'elsewhere' });
    expect([again.created, again.ref]).toEqual([false, first.ref]);
    await expect(writeDataset(store, 'noise', { ...raw, train: raw.test })).rejects.toThrow(
      'exists with other content',
    );
  });

  test('verify names a changed shard, a missing one, and statistics that do not follow from the images', async () => {
    const store = createMemoryObjectStore();
    const { manifest } = await writeDataset(store, 'noise', raw);
    const wrong = structuredClone(manifest);
    wrong.normalisation.mean[1] = 0.5;
    expect(await verifyDataset(store, wrong)).toEqual([expect.stringContaining('normalisation: mean is')]);
    const { key } = parseS3Uri(blobIn(store, manifest.splits.train.shards[0]!.blob).uri);
    const body = Uint8Array.from((await store.get(key))!.body);
    body[100]! ^= 1;
    await store.put(key, body);
    expect(await verifyDataset(store, manifest)).toEqual([expect.stringMatching(/^train: .*SHA-256/)]);
    await store.delete([key]);
    expect(await verifyDataset(store, manifest)).toEqual([expect.stringMatching(/^train: .*missing/)]);
  });
});

describe('images of each class', () => {
  test('are counted when the data set is written, and anew where nobody did', async () => {
    const store = createMemoryObjectStore();
    const { manifest } = await writeDataset(store, 'noise', raw);
    const counts = { train: [8, 8, 8], test: [2, 2, 2] };
    expect(await datasetCounts(store, manifest)).toEqual(counts);
    await store.delete(['datasets/noise/counts.json']);
    expect(await datasetCounts(store, manifest)).toEqual(counts);
    // Kept: the shards are not read again.
    await store.delete([parseS3Uri(blobIn(store, manifest.splits.train.shards[0]!.blob).uri).key]);
    expect(await datasetCounts(store, manifest)).toEqual(counts);
    // Of other content.
    await expect(datasetCounts(store, { ...manifest, sha256: 'f'.repeat(64) })).rejects.toThrow('missing');
  });
  test('with the validation split that the data set gives, which is part of its hash and of what programs open', async () => {
    const store = createMemoryObjectStore();
    const plain = await writeDataset(store, 'plain', raw);
    const { manifest } = await writeDataset(store, 'given', { ...raw, givenValidation: 5 });
    expect(manifest.sha256).not.toBe(plain.manifest.sha256);
    expect(await datasetCounts(store, manifest)).toEqual({
      train: [8, 8, 8],
      validation: [1, 2, 2],
      test: [2, 2, 2],
    });
    const fetch = cachedBlobFetcher(store, join(tmpdir(), 'unused-by-memory-stores'));
    expect((await openDataset(manifest, 'train', fetch)).givenValidation).toBe(5);
    expect((await openDataset(manifest, 'test', fetch)).givenValidation).toBeUndefined();
    expect(await verifyDataset(store, manifest)).toEqual([]);
    await expect(writeDataset(store, 'all', { ...raw, givenValidation: 24 })).rejects.toThrow(
      'givenValidation',
    );
  });
});

describe('the shipped data set', () => {
  test('verifies, is stratified, and is written once', async () => {
    const store = createMemoryObjectStore();
    const { manifest, ref } = await seedShippedDataset(store);
    expect(manifest.name).toBe(SHIPPED_NAME);
    expect([manifest.splits.train.count, manifest.splits.test.count]).toEqual([8000, 2000]);
    expect(manifest.shape).toEqual([28, 28, 1]);
    // Of all 60,000 images mean and standard deviation are 0.2860 and 0.3530.
    expect(manifest.normalisation.mean[0]).toBeCloseTo(0.286, 2);
    expect(manifest.normalisation.std[0]).toBeCloseTo(0.353, 2);
    expect(await verifyDataset(store, manifest)).toEqual([]);
    const test = await openDataset(
      manifest,
      'test',
      async (blob) => (await store.get(parseS3Uri(blobIn(store, blob).uri).key))!.body,
    );
    for (let label = 0; label < 10; label++) expect(test.labels.filter((y) => y === label).length).toBe(200);
    expect((await seedShippedDataset(store)).ref).toEqual(ref);
  });
});

describe('the blob cache on disk', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nas-blob-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('a blob is fetched once; a damaged file is fetched again and replaced', async () => {
    const store = createMemoryObjectStore();
    const { manifest } = await writeDataset(store, 'noise', raw);
    const ref = manifest.splits.train.shards[0]!.blob;
    const { key } = parseS3Uri(blobIn(store, ref).uri);
    const fetch = cachedBlobFetcher(store, join(folder, 'cache'));
    const body = await fetch(ref);
    const kept = (await store.get(key))!.body;
    await store.delete([key]);
    expect(Buffer.compare(await fetch(ref), body)).toBe(0);
    const file = join(folder, 'cache', ref.sha256);
    await writeFile(file, 'damaged');
    await expect(fetch(ref)).rejects.toThrow('missing');
    await store.put(key, kept);
    expect(Buffer.compare(await fetch(ref), body)).toBe(0);
    expect(Buffer.compare(await readFile(file), body)).toBe(0);
    expect(await readdir(join(folder, 'cache'))).toEqual([ref.sha256]);
  });

  test('works without a disk it can write', async () => {
    const store = createMemoryObjectStore();
    const { manifest } = await writeDataset(store, 'noise', raw);
    await writeFile(join(folder, 'file'), '');
    const ref = manifest.splits.test.shards[0]!.blob;
    const body = await cachedBlobFetcher(store, join(folder, 'file', 'cache'))(ref);
    expect(body.length).toBe(ref.bytes);
  });
});
