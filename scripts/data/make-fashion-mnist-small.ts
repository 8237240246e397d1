/**
 * Makes the shipped part of Fashion-MNIST from the official files:
 *
 * node scripts/run.mjs scripts/data/make-fashion-mnist-small.ts FOLDER_WITH_IDX_FILES
 * data/fashion-mnist-small
 *
 * Of each class 800 training and 200 test images, drawn with seed 0, in their original order.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../nas/core/hash.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { encodeIdx } from '../../nas/task/images/idx.ts';
import type { ImageSet } from '../../nas/task/images/image-set.ts';
import { selectImages } from '../../nas/task/images/image-set.ts';
import { indicesByClass } from '../../nas/task/images/split.ts';
import { CATALOGUE } from './catalogue.ts';
import { importIdx } from './import-idx.ts';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  throw new Error('usage: make-fashion-mnist-small.ts FOLDER_WITH_IDX_FILES TARGET_FOLDER');
}

const stratified = (set: ImageSet, perClass: number, purpose: string): ImageSet => {
  const chosen = indicesByClass(set.labels).flatMap((indices, label) =>
    randomFromSeed(deriveSeed(0, 'fashion-mnist-small', purpose, label)).sample(indices, perClass),
  );
  return selectImages(
    set,
    chosen.sort((a, b) => a - b),
  );
};

const full = await importIdx(CATALOGUE['fashion-mnist'], from);
await mkdir(to, { recursive: true });
const sums: string[] = [];
for (const [set, prefix] of [
  [stratified(full.train, 800, 'train'), 'train'],
  [stratified(full.test, 200, 'test'), 't10k'],
] as const) {
  const [height, width] = set.shape;
  const count = set.labels.length;
  for (const [file, array] of [
    [`${prefix}-images-idx3-ubyte`, { shape: [count, height, width], data: set.images }],
    [`${prefix}-labels-idx1-ubyte`, { shape: [count], data: Uint8Array.from(set.labels) }],
  ] as const) {
    const bytes = encodeIdx(array);
    const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
    await writeFile(join(to, `${file}.gz`), packed);
    sums.push(`${sha256(packed)}  ${file}.gz`);
    console.log(`${sha256(bytes)}  ${file} (uncompressed), ${packed.length} bytes compressed`);
  }
}
await writeFile(join(to, 'SHA256SUMS'), `${sums.join('\n')}\n`);
