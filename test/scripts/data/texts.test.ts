import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InputError } from '../../../nas/core/input-error.ts';
import { openText, openVocabulary } from '../../../nas/task/text/open-text.ts';
import type { TextManifest, TextSplit } from '../../../nas/task/text/manifest.ts';
import { textOf } from '../../../nas/task/text/sampling.ts';
import { addDataset } from '../../../scripts/data/add-dataset.ts';
import { addText, seedShippedText } from '../../../scripts/data/add-texts.ts';
import { blobIn } from '../../../store/blob-cache.ts';
import { getBlob } from '../../../store/blobs.ts';
import { verifyDataset } from '../../../store/datasets.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';

let folder = '';
let store = createMemoryObjectStore();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-text-'));
  store = createMemoryObjectStore();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<void> => {
  for (const [name, body] of Object.entries(files)) await writeFile(join(folder, name), body);
};
const three = (train: string, valid: string, test: string) => ({
  'train.txt': train,
  'valid.txt': valid,
  'test.txt': test,
});
const SMALL = three('a b\nb c\n', 'c a\n', 'b d\n');

/** A split of a stored text as it can be read. */
const textIn = async (manifest: TextManifest, split: TextSplit): Promise<string> => {
  const fetchBlob = (ref: { readonly sha256: string; readonly bytes: number }) =>
    getBlob(store, blobIn(store, ref));
  const vocabulary = await openVocabulary(manifest, fetchBlob);
  return textOf(await openText(manifest, split, fetchBlob), vocabulary);
};

const refusal = async (dataset: string, options: object): Promise<string> => {
  const error: unknown = await addDataset(store, dataset, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return (error as Error).message;
};

describe('texts in three parts', () => {
  test.each([
    ['ptb.train.txt', 'ptb.valid.txt', 'ptb.test.txt'],
    ['wiki.train.tokens', 'wiki.valid.tokens', 'wiki.test.tokens'],
    ['train.txt', 'valid.txt', 'test.txt'],
  ])('are read as %s and its sisters, gzipped or not', async (train, valid, last) => {
    await write({ [train]: 'a b\n', [`${valid}.gz`]: gzipSync('b\n'), [last]: 'c\n\n' });
    const { manifest } = await addText(store, 'text', 'mine', { from: folder });
    expect(await textIn(manifest, 'train')).toBe('a b\n');
    expect(await textIn(manifest, 'validation')).toBe('b\n');
    expect(await textIn(manifest, 'test')).toBe('c\n\n');
    expect(manifest.splits.test).toMatchObject({ count: 3, lines: 2 });
    expect(manifest.baselines.test.unseen).toBe(1);
    expect(await verifyDataset(store, manifest)).toEqual([]);
  });

  test('line ends of Windows and a byte order mark change no token, and are said', async () => {
    await write(SMALL);
    const plain = await addText(store, 'text', 'plain', { from: folder });
    await write(three('\ufeffa b\r\nb c\r\n', 'c a\r\n', 'b d'));
    const { manifest, remarks } = await addText(store, 'text', 'windows', { from: folder });
    expect(manifest.sha256).toBe(plain.manifest.sha256);
    expect(plain.remarks).toEqual([]);
    expect(remarks).toEqual([
      expect.stringMatching(/^train\.txt: the byte order mark/),
      expect.stringMatching(/^train\.txt: carriage returns/),
      expect.stringMatching(/^valid\.txt: carriage returns/),
    ]);
  });

  test('a known name whose numbers differ is taken, and says that nothing was checked', async () => {
    await write(SMALL);
    const { manifest, text } = await addDataset(store, 'wikitext-2', { from: folder });
    expect(manifest).toMatchObject({ name: 'wikitext-2', licence: 'CC BY-SA 3.0' });
    expect(manifest.verified).toMatch(/^nothing: published are 2088628 /);
    expect(text).toContain('checked by nothing');
  });

  test('equal texts are written once; another under the name is refused', async () => {
    await write(SMALL);
    const first = await addDataset(store, 'text', { from: folder });
    expect([first.created, first.manifest.name]).toEqual([true, 'text']);
    expect((await addDataset(store, 'text', { from: folder })).created).toBe(false);
    await write({ 'train.txt': 'other words\n' });
    expect(await refusal('text', { from: folder })).toContain('exists with other content');
  });

  test('a damaged shard, and baselines that do not follow, are found', async () => {
    await write(SMALL);
    const { manifest } = await addText(store, 'text', 'mine', { from: folder });
    const { baselines } = manifest;
    const wrong: TextManifest = {
      ...manifest,
      baselines: { ...baselines, test: { ...baselines.test, bigram: 1.5 } },
    };
    expect(await verifyDataset(store, wrong)).toEqual([
      expect.stringMatching(/^test: bigram is [\d.]+, the manifest says 1\.5$/),
    ]);
    const [shard] = manifest.splits.train.shards;
    const { uri } = blobIn(store, shard!.blob);
    await store.put(uri.slice(store.uri('').length), Uint8Array.of(9, 9));
    expect(await verifyDataset(store, manifest)).toEqual([expect.stringMatching(/^train: .*bytes/)]);
  });
});

describe('one text', () => {
  test('is cut by the stated shares of its lines', async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    await write({ 'book.txt': lines.join('\n') });
    const { manifest } = await addText(store, 'text', 'book', {
      from: join(folder, 'book.txt'),
      split: '80/15/5',
    });
    expect(await textIn(manifest, 'train')).toBe(`${lines.slice(0, 16).join('\n')}\n`);
    expect(await textIn(manifest, 'validation')).toBe(`${lines.slice(16, 19).join('\n')}\n`);
    expect(await textIn(manifest, 'test')).toBe('line 19\n');
  });

  test('without shares, with bad ones, or too short for them, is refused', async () => {
    await write({ 'book.txt': 'a\nb\nc\n' });
    const from = join(folder, 'book.txt');
    expect(await refusal('text', { from })).toMatch(/^--split: null.*--split 80\/10\/10/);
    for (const split of ['80/20', '80/10/5', '90/10/0', 'a/b/c'])
      expect(await refusal('text', { from, split })).toContain('together 100');
    expect(await refusal('text', { from, split: '80/10/10' })).toContain('a text with a test split');
    await write(SMALL);
    expect(await refusal('text', { from: folder, split: '80/10/10' })).toContain('given with one file');
  });
});

describe('what is no text', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, RegExp])[] = [
    ['nothing at all', { 'train.txt': '' }, /train\.txt.*at least one word.*it is empty/],
    ['empty lines', { 'valid.txt': '\n \n' }, /valid\.txt.*it is empty/],
    ['a binary file', { 'test.txt': Uint8Array.of(65, 0, 1, 2) }, /test\.txt:1:2: "byte 0x00".*binary file/],
    ['UTF-16', { 'train.txt': Buffer.from('\ufeffab\n', 'utf16le') }, /"UTF-16".*iconv -f UTF-16 -t UTF-8/],
    ['Latin-1', { 'train.txt': Uint8Array.of(99, 97, 102, 233, 10) }, /train\.txt:1:4.*LATIN1/],
    ['a cut archive', { 'train.txt': gzipSync('abc\n').subarray(0, 12) }, /a whole gzip file/],
    ['a text that has <eos>', { 'train.txt': 'a b <eos>\n' }, /without the token <eos>.*sed/],
  ];
  test.each(cases)('is refused: %s', async (_, files, message) => {
    await write({ ...SMALL, ...files });
    expect(await refusal('text', { from: folder })).toMatch(message);
  });

  test('is refused: folders in place of files, missing splits, two texts, no path', async () => {
    await write(SMALL);
    await rm(join(folder, 'valid.txt'));
    expect(await refusal('text', { from: folder })).toMatch(/valid\.txt.*put the validation split there/);
    await mkdir(join(folder, 'valid.txt'));
    expect(await refusal('text', { from: folder })).toMatch(/valid\.txt".*this is a folder/);
    await rm(join(folder, 'valid.txt'), { recursive: true });
    await write({ ...SMALL, 'ptb.train.txt': 'a\n', 'ptb.valid.txt': 'a\n', 'ptb.test.txt': 'a\n' });
    expect(await refusal('text', { from: folder })).toContain('leave one of them');
    await mkdir(join(folder, 'empty'));
    expect(await refusal('ptb', { from: join(folder, 'empty') })).toMatch(
      /ptb\.train\.txt.*wiki\.train\.tokens/,
    );
    expect(await refusal('ptb', { from: join(folder, 'none') })).toContain('a file or folder that exists');
    expect(await refusal('ptb', {})).toContain('nas data add ptb --from PATH');
    expect(await refusal('text', { from: folder, size: 32 })).toMatch(/^--size: 32.*says nothing of a text/);
  });
});

describe('vocabularies', () => {
  test('above the limit are refused, with the way out', async () => {
    const words = Array.from({ length: 65_537 }, (_, i) => `w${i}`).join(' ');
    await write({ ...SMALL, 'train.txt': words });
    expect(await refusal('text', { from: folder })).toMatch(
      /^vocabulary: "65542 types" is not allowed\. Allowed: at most 65536\. Fix: .*--vocabulary N/,
    );
    const { manifest } = await addText(store, 'text', 'kept', { from: folder, vocabulary: 100 });
    expect(manifest.vocabulary.size).toBe(100);
  });

  test('keep the most frequent types; the others are <unk>; a known text is then another one', async () => {
    await write(three('a a a b b c\n', 'c d\n', 'a e\n'));
    const { manifest } = await addText(store, 'text', 'mine', { from: folder, vocabulary: 4 });
    expect(await textIn(manifest, 'train')).toBe('a a a b b <unk>\n');
    expect(await textIn(manifest, 'validation')).toBe('<unk> <unk>\n');
    expect(await refusal('ptb', { from: folder, vocabulary: 4 })).toContain('--name ptb-4');
  });
});

test('the shipped text has the numbers that its README states', { timeout: 60_000 }, async () => {
  const { manifest, created } = await seedShippedText(store);
  expect([created, (await seedShippedText(store)).created]).toEqual([true, false]);
  expect(manifest.vocabulary.size).toBe(4226);
  expect(Object.values(manifest.splits).map(({ count, lines }) => [count, lines])).toEqual([
    ...[
      [84_128, 1762],
      [8942, 220],
      [10_220, 221],
    ],
  ]);
  const { validation, test: last } = manifest.baselines;
  expect([validation.unigram, validation.bigram, last.unigram, last.bigram].map((p) => p.toFixed(1))).toEqual(
    [...['585.8', '286.5', '729.9', '400.1']],
  );
  expect([validation.unseen, last.unseen]).toEqual([626, 989]);
  expect(await verifyDataset(store, manifest)).toEqual([]);
  expect(await refusal('opticks', { from: folder })).toContain('ships with the product');
});
