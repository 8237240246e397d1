import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDataset } from '../../../scripts/data/add-dataset.ts';
import { addImages } from '../../../scripts/data/add-images.ts';
import type { CifarEntry } from '../../../scripts/data/catalogue.ts';
import { CATALOGUE, FASHION_SMALL } from '../../../scripts/data/catalogue.ts';
import { download } from '../../../scripts/data/download.ts';
import { importCifar } from '../../../scripts/data/import-cifar.ts';
import { importFolder } from '../../../scripts/data/import-folder.ts';
import { importIdx } from '../../../scripts/data/import-idx.ts';
import { SHIPPED_FOLDER } from '../../../scripts/data/shipped.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { verifyDataset } from '../../../store/datasets.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-import-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A flat image of one colour; a channel list of length 1 is grey. */
const image = async (path: string, colour: readonly number[], height = 3, width = 4): Promise<void> => {
  await mkdir(join(path, '..'), { recursive: true });
  const channels = colour.length as 1 | 3;
  const data = Buffer.from(Array.from({ length: height * width }, () => colour).flat());
  await sharp(data, { raw: { height, width, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(path);
};

describe('idx files', () => {
  const train = 'train-labels-idx1-ubyte';
  test('plain and gzipped files give the same images', async () => {
    await cp(SHIPPED_FOLDER, folder, { recursive: true });
    const packed = join(folder, `${train}.gz`);
    await writeFile(join(folder, train), gunzipSync(await readFile(packed)));
    await rm(packed);
    const raw = await importIdx(FASHION_SMALL, folder);
    expect([raw.train.labels.length, raw.test.labels.length]).toEqual([8000, 2000]);
    expect(raw.train.labels).toEqual((await importIdx(FASHION_SMALL, SHIPPED_FOLDER)).train.labels);
  });
  test('a missing, a cut and a changed file are named', async () => {
    await cp(SHIPPED_FOLDER, folder, { recursive: true });
    const packed = join(folder, `${train}.gz`);
    const body = await readFile(packed);
    await writeFile(packed, body.subarray(0, 1000));
    await expect(importIdx(FASHION_SMALL, folder)).rejects.toThrow(
      /train-labels-idx1-ubyte\.gz.*a whole gzip file/,
    );
    const labels = gunzipSync(body);
    labels[100]! ^= 1;
    await writeFile(packed, labels);
    await expect(importIdx(FASHION_SMALL, folder)).rejects.toThrow(
      /train-labels-idx1-ubyte\.gz.*have sha256/,
    );
    await rm(packed);
    await expect(importIdx(FASHION_SMALL, folder)).rejects.toThrow(
      /train-labels-idx1-ubyte\.gz.*put the missing file there/,
    );
  });
});

describe('CIFAR archives', () => {
  /**
   * An archive in the official layout with 2 × 2 training images and 3 test images, and its catalogue entry.
   */
  const archive = async (): Promise<{ entry: CifarEntry; path: string; extracted: string }> => {
    const record = (label: number): Buffer =>
      Buffer.concat([Buffer.of(label), Buffer.alloc(3072, 10 * label)]);
    const extracted = join(folder, 'cifar-10-batches-bin');
    await mkdir(extracted);
    await writeFile(join(extracted, 'data_batch_1.bin'), Buffer.concat([record(1), record(2)]));
    await writeFile(join(extracted, 'data_batch_2.bin'), Buffer.concat([record(3), record(4)]));
    await writeFile(join(extracted, 'test_batch.bin'), Buffer.concat([record(5), record(6), record(7)]));
    const path = join(folder, 'cifar.tar.gz');
    await create({ gzip: true, file: path, cwd: folder }, ['cifar-10-batches-bin']);
    const md5 = createHash('md5')
      .update(await readFile(path))
      .digest('hex');
    const entry: CifarEntry = {
      ...CATALOGUE.cifar10,
      archive: { ...CATALOGUE.cifar10.archive, md5 },
      trainFiles: ['data_batch_1.bin', 'data_batch_2.bin'],
      counts: { train: 4, test: 3 },
    };
    return { entry, path, extracted };
  };
  test('archive and extracted files give the same images, in the official order', async () => {
    const { entry, path, extracted } = await archive();
    const raw = await importCifar(entry, path, 'archive');
    expect(Array.from(raw.train.labels)).toEqual([1, 2, 3, 4]);
    expect(Array.from(raw.test.labels)).toEqual([5, 6, 7]);
    expect(raw.test.images[3072]).toBe(60);
    const again = await importCifar(entry, extracted, 'folder');
    expect(again.train).toEqual(raw.train);
    expect([raw.verified, again.verified]).toEqual([
      'md5 of the official archive',
      'record structure, labels and counts of the extracted files',
    ]);
  });
  test('a changed archive, a missing file, a short file and missing images are refused', async () => {
    const { entry, path, extracted } = await archive();
    await expect(importCifar({ ...entry, counts: { train: 5, test: 3 } }, path, 'archive')).rejects.toThrow(
      'there are 4',
    );
    await writeFile(path, (await readFile(path)).subarray(0, 90));
    await expect(importCifar(entry, path, 'archive')).rejects.toThrow(/md5 [0-9a-f]{32} \(90 bytes\)/);
    await writeFile(join(extracted, 'test_batch.bin'), Buffer.alloc(100));
    await expect(importCifar(entry, extracted, 'folder')).rejects.toThrow(
      /test_batch\.bin.*100 bytes are no whole number/,
    );
    await rm(join(extracted, 'test_batch.bin'));
    await expect(importCifar(entry, extracted, 'folder')).rejects.toThrow(
      /test_batch\.bin.*put the missing file there/,
    );
  });
});

describe('folders of images', () => {
  test('train and test folders; classes sorted; files in order', async () => {
    await image(join(folder, 'train/dog/b.png'), [10, 20, 30]);
    await image(join(folder, 'train/dog/a.png'), [40, 50, 60]);
    await image(join(folder, 'train/cat/x.png'), [70, 80, 90]);
    await image(join(folder, 'val/dog/t.png'), [1, 2, 3]);
    await image(join(folder, 'val/cat/t.png'), [4, 5, 6]);
    const raw = await importFolder(folder);
    expect(raw.classes).toEqual(['cat', 'dog']);
    expect(raw.train.shape).toEqual([3, 4, 3]);
    expect(Array.from(raw.train.labels)).toEqual([0, 1, 1]);
    expect([0, 36, 72].map((at) => Array.from(raw.train.images.subarray(at, at + 3)))).toEqual([
      [70, 80, 90],
      [40, 50, 60],
      [10, 20, 30],
    ]);
    expect(Array.from(raw.test.images.subarray(0, 3))).toEqual([4, 5, 6]);
  });
  test('without a test folder a seeded, stratified part is held out', async () => {
    for (const [name, grey] of [
      ['a', 10],
      ['b', 100],
    ] as const) {
      for (let i = 0; i < 5; i++) await image(join(folder, name, `${i}.png`), [grey + i]);
    }
    const raw = await importFolder(folder, { testFraction: 0.4, splitSeed: 3 });
    expect(raw.train.shape).toEqual([3, 4, 1]);
    expect([Array.from(raw.train.labels), Array.from(raw.test.labels)]).toEqual([
      [0, 0, 0, 1, 1, 1],
      [0, 0, 1, 1],
    ]);
    const greys = (set: typeof raw.train): number[] =>
      Array.from(set.labels, (_, i) => set.images[12 * i] as number);
    expect([...greys(raw.train), ...greys(raw.test)].sort((a, b) => a - b)).toEqual([
      10, 11, 12, 13, 14, 100, 101, 102, 103, 104,
    ]);
    expect(greys((await importFolder(folder, { testFraction: 0.4, splitSeed: 3 })).test)).toEqual(
      greys(raw.test),
    );
    expect(greys((await importFolder(folder, { testFraction: 0.4, splitSeed: 4 })).test)).not.toEqual(
      greys(raw.test),
    );
  });
  test('unequal sizes are refused, or scaled with size', async () => {
    await image(join(folder, 'a/1.png'), [9, 9, 9]);
    await image(join(folder, 'a/2.png'), [9, 9, 9]);
    await image(join(folder, 'b/1.png'), [9, 9, 9], 8, 8);
    await image(join(folder, 'b/2.png'), [9, 9, 9]);
    await expect(importFolder(folder, { testFraction: 0.5 })).rejects.toThrow(
      /b\/1\.png.*8 × 8: give --size/,
    );
    const { train, test } = await importFolder(folder, { size: 5, channels: 1, testFraction: 0.5 });
    expect([train.shape, test.shape, train.images]).toEqual([
      [5, 5, 1],
      [5, 5, 1],
      new Uint8Array(50).fill(9),
    ]);
  });
  test('a corrupt image, an empty class, one class only, unequal classes are named', async () => {
    await image(join(folder, 'a/1.png'), [9, 9, 9]);
    await expect(importFolder(folder)).rejects.toThrow('it has only a');
    await mkdir(join(folder, 'b'));
    await expect(importFolder(folder)).rejects.toThrow(/import-\w+\/b.*put images there/);
    for (const name of ['a', 'b'])
      for (const file of ['1.png', '2.png']) await image(join(folder, name, file), [9, 9, 9]);
    await expect(importFolder(folder)).rejects.toThrow('--test-fraction');
    await writeFile(join(folder, 'b/1.png'), (await readFile(join(folder, 'a/1.png'))).subarray(0, 60));
    await expect(importFolder(folder, { testFraction: 0.5 })).rejects.toThrow(
      /b\/1\.png.*a whole image file/,
    );
    await image(join(folder, 'set/train/a/1.png'), [9, 9, 9]);
    await image(join(folder, 'set/train/b/1.png'), [9, 9, 9]);
    await expect(importFolder(join(folder, 'set'))).rejects.toThrow('add the test split');
    await image(join(folder, 'set/test/a/1.png'), [9, 9, 9]);
    await expect(importFolder(join(folder, 'set'))).rejects.toThrow('b is in one of them only');
  });
});

describe('addDataset', () => {
  test('unknown names suggest the nearest; bad paths and names say what is allowed', async () => {
    const store = createMemoryObjectStore();
    await expect(addDataset(store, 'cifr10')).rejects.toThrow('did you mean cifar10?');
    await expect(addDataset(store, 'cifar10', { from: join(folder, 'none') })).rejects.toThrow(
      'a file or folder that exists',
    );
    await expect(addDataset(store, 'cifar10', { from: folder, name: 'Bad Name' })).rejects.toThrow(
      '--name: "Bad Name"',
    );
    await expect(addDataset(store, 'images', { from: folder, name: 'cifar10' })).rejects.toThrow(
      'a name of your own',
    );
    await expect(addDataset(store, 'images', { from: folder })).rejects.toThrow('a name of your own');
    await expect(addDataset(store, 'images', { name: 'mine' })).rejects.toThrow('give --from PATH');
  });
  test('a folder of images of one’s own is written and verifies; under an official name it is refused', async () => {
    const store = createMemoryObjectStore();
    for (const name of ['a', 'b']) {
      for (let i = 0; i < 5; i++) await image(join(folder, name, `${i}.png`), [i, 2 * i, 3 * i]);
    }
    await expect(addDataset(store, 'cifar10', { from: folder })).rejects.toThrow('it has classes a, b');
    const { created, manifest } = await addDataset(store, 'images', { from: folder, name: 'mine' });
    expect([created, manifest.splits.train.count, manifest.splits.test.count]).toEqual([true, 8, 2]);
    expect(await verifyDataset(store, manifest)).toEqual([]);
    const again = await addDataset(store, 'mine', { from: folder });
    expect([again.created, again.manifest]).toEqual([false, manifest]);
    await expect(addImages(store, 'mine-too', 'mine-too', { from: folder, files: true })).rejects.toThrow(
      '--size',
    );
    await expect(
      addImages(store, 'cifar10', 'cifar10', { from: folder, files: true, size: 8 }),
    ).rejects.toThrow('--files');
  });
});

describe('download', () => {
  test('writes the body and reports progress; says url, reason and fix when it fails', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/ok') return void response.setHeader('content-length', 4).end('data');
      if (request.url === '/missing') return void response.writeHead(404).end();
      response.setHeader('content-length', 4).flushHeaders();
      response.write('da');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const to = join(folder, 'file');
    const fix = 'get it elsewhere';
    try {
      const seen: unknown[] = [];
      await download(`${origin}/ok`, to, { fix, onProgress: (...args) => seen.push(args) });
      expect([await readFile(to, 'utf8'), seen.at(-1)]).toEqual(['data', [4, 4]]);
      await expect(download(`${origin}/missing`, to, { fix })).rejects.toThrow(
        `${origin}/missing could not be downloaded (status 404). Fix: get it elsewhere`,
      );
      await expect(download(`${origin}/stalls`, to, { fix, idleSeconds: 0.3 })).rejects.toThrow(
        'no data for 0.3 s',
      );
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await expect(download(`${origin}/ok`, to, { fix })).rejects.toThrow(
      /could not be downloaded \(fetch failed: .*(ECONNREFUSED|closed)/,
    );
  });
});
