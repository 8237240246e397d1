import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeForEvaluation } from '../../../nas/task/images/decode-image.ts';
import { importFiles } from '../../../scripts/data/import-files.ts';
import { importFolder } from '../../../scripts/data/import-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-deep-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (path: string, body: Buffer): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), body);
};

/** Grey images of 2 × 2 pixels. */
const grey16 = (format: 'png' | 'tiff', samples: readonly number[]): Promise<Buffer> =>
  sharp(new Uint16Array(samples), { raw: { width: 2, height: 2, channels: 1 } })
    .toColourspace('grey16')
    .toFormat(format, format === 'tiff' ? { compression: 'none' } : {})
    .toBuffer();
const grey8 = (value: number): Promise<Buffer> =>
  sharp(Buffer.alloc(4, value), { raw: { width: 2, height: 2, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();

/** A little-endian TIFF of one row of grey samples; `type`: 1 unsigned, 2 signed, 3 floating point. */
const tiff = (width: number, bits: number, type: number, samples: Buffer): Buffer => {
  const tags = [
    [256, 3, width],
    [257, 3, 1],
    [258, 3, bits],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8 + 2 + 9 * 12 + 4],
    [277, 3, 1],
    [279, 4, samples.length],
    [339, 3, type],
  ] as const;
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length, 0);
  tags.forEach(([tag, kind, value], i) => {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(kind, 4 + 12 * i);
    directory.writeUInt32LE(1, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  });
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), directory, samples]);
};

/** Two classes of two images, so that each split has one of each. */
const classesOf = async (images: readonly Buffer[]): Promise<void> => {
  images.forEach((body, i) => put(`${i % 2 ? 'b' : 'a'}/${i}`, body));
};

const imported = async () => {
  const { train, test, account } = await importFolder(folder, { testFraction: 0.5 });
  const pixels = [train, test].flatMap(({ images }) => [...images]);
  return { pixels: pixels.sort((a, b) => a - b), remarks: account.remarks };
};

describe.each(['png', 'tiff'] as const)('%s of 16 bits a channel', (format) => {
  it('that use all of them: rounded to 8, and that is said', async () => {
    const rows = [
      [0, 255, 256, 65_535],
      [0x1234, 0x5678, 0x9abc, 0xdef0],
    ];
    await classesOf(await Promise.all([...rows, ...rows].map((row) => grey16(format, row))));
    const { pixels, remarks } = await imported();
    expect(pixels).toEqual([0, 0, 1, 1, 1, 1, 0x12, 0x12, 0x56, 0x56, 0x9b, 0x9b, 0xde, 0xde, 255, 255]);
    expect(remarks).toContain('4 of 4 images have 16 bits a channel: rounded to 8');
  });

  it('of which the whole set uses 12: 4095 is white in every image, also in dark ones, and that is said', async () => {
    const rows = [
      [0, 16, 2048, 4095],
      [0, 15, 32, 160],
    ];
    await classesOf(await Promise.all([...rows, ...rows].map((row) => grey16(format, row))));
    const { pixels, remarks } = await imported();
    expect(pixels).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 10, 10, 128, 128, 255, 255]);
    expect(remarks).toContain(
      '4 of 4 images have 16 bits a channel, of which none uses more than 12: scaled to 8, so that 4095 is white',
    );
  });

  it('beside others of 8, which stay as they are', async () => {
    const deep = await grey16(format, [0, 100, 200, 255]);
    await classesOf([deep, await grey8(7), await grey8(77), deep]);
    const { pixels, remarks } = await imported();
    expect(pixels).toEqual([0, 0, 7, 7, 7, 7, 77, 77, 77, 77, 100, 100, 200, 200, 255, 255]);
    expect(remarks).toContain(
      '2 of 4 images have 16 bits a channel, of which none uses more than 8: these are read',
    );
  });

  it('are kept as files that jobs decode to the same pixels', async () => {
    const rows = [
      [0, 4095, 4095, 0],
      [2048, 2048, 2048, 2048],
    ];
    await classesOf(await Promise.all([...rows, ...rows].map((row) => grey16(format, row))));
    const files = await importFiles(folder, { size: 8, testFraction: 0.5 });
    const brightest = await Promise.all(
      files.train.labels.map(async (_, i) =>
        Math.max(...(await decodeForEvaluation(await files.train.read(i), 8, 1))),
      ),
    );
    expect(brightest.sort((a, b) => a - b)).toEqual([128, 255]);
  });
});

it('colour and transparency of 12 bits in 16 are put on black before they are made brighter', async () => {
  const rgba = (alpha: number): Promise<Buffer> =>
    sharp(new Uint16Array([4095, 2048, 0, alpha, 16, 32, 48, 65_535]), {
      raw: { width: 2, height: 1, channels: 4 },
    })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
  const half = await rgba(65_535);
  await classesOf([half, half, half, half]);
  const { pixels } = await imported();
  expect(pixels.filter((_, i) => i % 4 === 0)).toEqual([0, 1, 2, 3, 128, 255]);
});

describe('samples of which nobody says what is white', () => {
  it.each([
    ['floating point', tiff(2, 32, 3, Buffer.from(new Float32Array([0, 1]).buffer)), 'of type float'],
    ['32 bits', tiff(2, 32, 1, Buffer.from(new Uint32Array([0, 4e9]).buffer)), 'of type uint'],
    ['16 bits with a sign', tiff(2, 16, 2, Buffer.from(new Int16Array([-1, 9]).buffer)), 'of type short'],
    ['8 bits with a sign', tiff(2, 8, 2, Buffer.from([200, 9])), 'of type char'],
    ['12 bits, packed', tiff(2, 12, 1, Buffer.from([0, 3, 232])), 'fill no whole bytes'],
  ])('%s: refused by name, or left out as broken', async (_, body, why) => {
    const whole = await grey8(7);
    await classesOf([whole, whole, await grey8(8), await grey8(9)]);
    put('a/odd.tif', body);
    const message = await importFolder(folder).catch((error: Error) => error.message);
    expect(message).toContain('odd.tif does not decode: its samples ');
    expect(message).toContain(why);
    expect(message).toMatch(/8 or 16 bits/);
    const { account } = await importFolder(folder, { skipBroken: true, testFraction: 0.5 });
    expect(account.leftOut['broken']?.count).toBe(1);
  });
});

describe('portable maps', () => {
  const big = (...samples: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(2 * samples.length);
    samples.forEach((sample, i) => bytes.writeUInt16BE(sample, 2 * i));
    return bytes;
  };
  it.each([
    ['P1, without spaces', Buffer.from('P1\n# a comment\n2 2\n1001\n'), [0, 255, 255, 0]],
    ['P2, not of 255', Buffer.from('P2 2 2 100\n0 50\n# half\n100 25'), [0, 128, 255, 64]],
    [
      'P4',
      Buffer.concat([Buffer.from('P4\n2 2\n'), Buffer.from([0b10000000, 0b01000000])]),
      [0, 255, 255, 0],
    ],
    [
      'P5 of 8 bits',
      Buffer.concat([Buffer.from('P5\n2 2 255\n'), Buffer.from([0, 10, 35, 255])]),
      [0, 10, 35, 255],
    ],
    [
      'P5 of 12 bits',
      Buffer.concat([Buffer.from('P5\n2 2\n4095\n'), big(0, 4095, 2048, 16)]),
      [0, 255, 128, 1],
    ],
    [
      'P5 of 16 bits',
      Buffer.concat([Buffer.from('P5 2 2 65535 '), big(0, 65_535, 257, 514)]),
      [0, 255, 1, 2],
    ],
  ])('%s', async (_, body, grey) => {
    await classesOf([body, body, body, body]);
    const { train, account } = await importFolder(folder, { testFraction: 0.5 });
    expect(train.shape).toEqual([2, 2, 1]);
    expect([...train.images.subarray(0, 4)]).toEqual(grey);
    expect(account.leftOut).toEqual({});
  });

  it.each([
    ['P3, plain colour', Buffer.from('P3\n1 1\n15\n15 0 5\n')],
    ['P6, colour', Buffer.concat([Buffer.from('P6\n1 1\n255\n'), Buffer.from([255, 0, 85])])],
  ])('%s', async (_, body) => {
    await classesOf([body, body, body, body]);
    const { train } = await importFolder(folder, { testFraction: 0.5 });
    expect(train.shape).toEqual([1, 1, 3]);
    expect([...train.images.subarray(0, 3)]).toEqual([255, 0, 85]);
    const files = await importFiles(folder, { size: 8, testFraction: 0.5 });
    expect([...(await decodeForEvaluation(await files.train.read(0), 8, 3))].slice(0, 3)).toEqual([
      255, 0, 85,
    ]);
  });

  it.each([
    ['cut off', Buffer.from('P5\n2 2\n255\nab'), 'has 2 of the 4 samples'],
    ['with a sample beyond white', Buffer.from('P2\n1 1\n7\n9'), 'sample 0 is 9, beyond 7'],
    ['without a height', Buffer.from('P5\n2 '), 'its height is missing'],
    ['larger than any image', Buffer.from('P5\n60000 60000\n255\n'), 'claims 60000 × 60000 pixels'],
    ['of a white that is none', Buffer.from('P5\n1 1\n0\n\0'), 'its largest value is 0'],
  ])('that is %s is broken', async (_, body, why) => {
    const whole = await grey8(7);
    await classesOf([whole, whole, whole, whole]);
    put('a/odd.pgm', body);
    await expect(importFolder(folder)).rejects.toThrow('odd.pgm does not decode: ');
    await expect(importFolder(folder)).rejects.toThrow(why);
  });
});
