import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImageSet } from '../../../nas/task/images/image-set.ts';
import { imageBytes } from '../../../nas/task/images/image-set.ts';
import { accountText } from '../../../scripts/data/account-text.ts';
import { addImages } from '../../../scripts/data/add-images.ts';
import { importFiles } from '../../../scripts/data/import-files.ts';
import { importFolder } from '../../../scripts/data/import-folder.ts';
import type { ImageCounts } from '../../../nas/task/images/count-images.ts';
import { datasetCounts } from '../../../store/datasets.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-wild-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Colour = readonly [number, number, number];
const flat = (colour: readonly number[], side = 2): sharp.Sharp =>
  sharp(Buffer.from(Array.from({ length: side * side }, () => colour).flat()), {
    raw: { width: side, height: side, channels: colour.length as 1 | 3 | 4 },
  });
const write = async (path: string, body: Uint8Array | string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), body);
};
/** A flat PNG; a number is a colour of its own. */
const png = async (path: string, colour: number | readonly number[], side = 2): Promise<void> => {
  const channels = typeof colour === 'number' ? [colour, 255 - colour, (7 * colour) % 256] : colour;
  const image = flat(channels, side);
  await write(path, await (channels.length === 1 ? image.toColourspace('b-w') : image).png().toBuffer());
};
const bitmap = (colour: Colour, bits: 1 | 4 | 8 | 24 | 32, side = 2): Buffer => {
  const [r, g, b] = colour;
  // A palette of that colour alone: every index means it.
  const palette = bits > 8 ? [] : Array.from({ length: 2 ** bits }, () => [b, g, r, 0]).flat();
  const row = Math.ceil((side * bits) / 32) * 4;
  const head = Buffer.alloc(54);
  head.write('BM', 'latin1');
  head.writeUInt32LE(54 + palette.length + row * side, 2);
  head.writeUInt32LE(54 + palette.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(side, 18);
  head.writeInt32LE(side, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  const pixels = Buffer.alloc(row * side);
  // A fourth channel stays zero, as most programs leave it.
  if (bits > 8)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) pixels.set([b, g, r], y * row + (x * bits) / 8);
  return Buffer.concat([head, Buffer.from(palette), pixels]);
};
/** Three images in each of these classes, all different. */
const classes = async (...names: readonly string[]): Promise<void> => {
  let colour = 0;
  for (const name of names) for (let i = 0; i < 3; i++) await png(`${name}/${i}.png`, ++colour);
};
const counts = ({ labels }: ImageSet, n: number): readonly number[] =>
  Array.from({ length: n }, (_, label) => labels.filter((y) => y === label).length);
const firstPixels = ({ images, shape, labels }: ImageSet): readonly number[][] =>
  Array.from(labels, (_, i) =>
    Array.from(images.subarray(i * imageBytes(shape), i * imageBytes(shape) + shape[2])),
  );

describe('links', () => {
  test('to classes, images and the whole folder are followed and counted', async () => {
    await classes('data/cat', 'elsewhere/bird');
    await symlink('../elsewhere/bird', join(folder, 'data/bird'));
    await mkdir(join(folder, 'data/owl'));
    for (const i of [0, 1, 2]) {
      await png(`store/${i}.png`, 100 + i);
      await symlink(join(folder, `store/${i}.png`), join(folder, `data/owl/link-${i}.png`));
    }
    await symlink('data', join(folder, 'all'));
    const {
      classes: names,
      train,
      test,
      account,
    } = await importFolder(join(folder, 'all'), {
      testFraction: 0.4,
    });
    expect(names).toEqual(['bird', 'cat', 'owl']);
    expect(counts(train, 3).map((n, c) => n + (counts(test, 3)[c] as number))).toEqual([3, 3, 3]);
    expect([account.links, account.leftOut]).toEqual([4, {}]);
  });
  test('round in a circle, and links to nothing within a class, are left out and counted', async () => {
    await classes('cat', 'dog');
    await symlink('../cat', join(folder, 'cat/again'));
    await symlink('..', join(folder, 'dog/up'));
    await symlink('nowhere.png', join(folder, 'dog/gone.png'));
    const { train, test, account } = await importFolder(folder, { testFraction: 0.4 });
    expect(train.labels.length + test.labels.length).toBe(6);
    expect(account.leftOut).toEqual({
      'link to a folder that holds it': {
        count: 2,
        examples: [join(folder, 'cat/again'), join(folder, 'dog/up')],
      },
      'link that leads nowhere': { count: 1, examples: [join(folder, 'dog/gone.png')] },
    });
  });
  test.each([
    ['a broken link', 'this link leads nowhere'],
    ['a link that git wrote as text', 'a text file that holds a path'],
  ])('%s where a class would be is refused and named', async (kind, message) => {
    await classes('data/cat', 'data/dog', 'elsewhere/bird');
    if (kind === 'a broken link') await symlink('../none', join(folder, 'data/bird'));
    else await write('data/bird', '../elsewhere/bird');
    await expect(importFolder(join(folder, 'data'))).rejects.toThrow(new RegExp(`data/bird.*${message}`));
  });
});

describe('files of every kind', () => {
  test('are told by their content; what is left out is counted by reason', async () => {
    await classes('x', 'y');
    const colour: Colour = [10, 20, 30];
    await write('x/one.bmp', bitmap(colour, 24));
    await write('x/no-extension', await flat([11, 20, 30]).png().toBuffer());
    await write('x/a.gif', await flat([12, 20, 30]).gif().toBuffer());
    await write('x/a.webp', await flat([13, 20, 30]).webp({ lossless: true }).toBuffer());
    await write('x/a.TIF', await flat([14, 20, 30]).tiff({ compression: 'none' }).toBuffer());
    await write('x/wrong-name.jpg', await flat([15, 20, 30]).png().toBuffer());
    await write('x/camera-2/deep/b.png', await flat([16, 20, 30]).png().toBuffer());
    await write('x/notes.txt', 'notes');
    await write('x/table.csv', 'a,b');
    await write('x/README', 'read me');
    await write('x/more.zip', 'PK\x03\x04 and so on');
    await write('x/drawing.svg', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>');
    await write('x/phone.heic', '\0\0\0\x18ftypheic');
    await write('x/.hidden.png', 'hidden');
    await write('x/.DS_Store', 'finder');
    await write('x/._0.png', 'finder');
    await write('x/Thumbs.db', 'explorer');
    await write('x/nothing', '');
    await write('stray.png', await flat([17, 20, 30]).png().toBuffer());
    execFileSync('mkfifo', [join(folder, 'x/pipe')]);
    const { train, test: tests, account } = await importFolder(folder, { testFraction: 0.3 });
    expect(train.labels.length + tests.labels.length).toBe(13);
    const reds = [...firstPixels(train), ...firstPixels(tests)].filter(([, g]) => g === 20).map(([r]) => r);
    expect(reds.sort((a = 0, b = 0) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16]);
    expect(account.nested).toBe(1);
    expect(
      Object.fromEntries(Object.entries(account.leftOut).map(([why, { count }]) => [why, count])),
    ).toEqual({
      'of the operating system': 3,
      'hidden: its name begins with a dot': 1,
      'not an image (.txt)': 1,
      'not an image (.csv)': 1,
      'not an image (no extension)': 1,
      archive: 1,
      'vector graphics (SVG)': 1,
      'image of a format that is not read: HEIC': 1,
      'empty file': 1,
      'neither file nor folder': 1,
      'image outside of all classes': 1,
    });
  });
  test.each([1, 4, 8, 24, 32] as const)('bitmaps of %i bits a pixel', async (bits) => {
    const colour: Colour = [200, 100, 50];
    await classes('x', 'y');
    await write('x/b.bmp', bitmap(colour, bits));
    const { train, test: tests, account } = await importFolder(folder, { testFraction: 0.3, channels: 3 });
    expect([...firstPixels(train), ...firstPixels(tests)]).toContainEqual([...colour]);
    expect(account.leftOut).toEqual({});
  });
  test('a bitmap that claims more pixels than any image has is broken', async () => {
    await classes('x', 'y');
    const bomb = bitmap([1, 2, 3], 24);
    bomb.writeUInt32LE(60_000, 18);
    bomb.writeUInt32LE(60_000, 22);
    await write('x/bomb.bmp', bomb);
    await expect(importFolder(folder)).rejects.toThrow(
      /bomb\.bmp does not decode: it claims 60000 × 60000 pixels/,
    );
  });
  test('images that are no whole ones are refused, all at once, or left out', async () => {
    await classes('x', 'y');
    const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .composite([{ input: await flat([1, 2, 3], 32).png().toBuffer() }])
      .jpeg()
      .toBuffer();
    await write('x/cut.jpg', whole.subarray(0, whole.length - 200));
    await write('x/cut.bmp', bitmap([1, 2, 3], 24, 8).subarray(0, 100));
    await write('y/page.jpg', '<!doctype html><title>404</title>');
    await write('y/empty.png', '');
    await write('y/lfs.png', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n');
    const refused = await importFolder(folder, { size: 2 }).catch((error: Error) => error.message);
    for (const name of ['page.jpg is no image', 'empty.png is an empty file', 'lfs.png is a Git LFS pointer'])
      expect(refused).toContain(name);
    const {
      train,
      test: tests,
      account,
    } = await importFolder(folder, {
      size: 2,
      skipBroken: true,
      testFraction: 0.4,
    });
    expect(train.labels.length + tests.labels.length).toBe(6);
    expect(account.leftOut['broken']?.count).toBe(5);
  });
});

describe('what an image is made into', () => {
  const imported = async (
    body: Buffer,
    options = {},
  ): Promise<{ pixel: readonly number[]; remarks: readonly string[] }> => {
    await classes('x', 'y');
    await write('x/special', body);
    const {
      train,
      test: tests,
      account,
    } = await importFolder(folder, { size: 2, testFraction: 0.3, ...options });
    const known = new Set([1, 2, 3, 4, 5, 6].map((c) => [c, 255 - c, 7 * c].join()));
    const pixel = [...firstPixels(train), ...firstPixels(tests)].find((values) => !known.has(values.join()));
    return { pixel: pixel ?? [], remarks: account.remarks };
  };
  test('of an animation, the first frame', async () => {
    const frames = [
      [250, 0, 0],
      [0, 250, 0],
    ].flatMap((colour) => Array.from({ length: 4 }, () => colour).flat());
    const gif = await sharp(Buffer.from(frames), { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
      .webp({ lossless: true })
      .toBuffer();
    const { pixel, remarks } = await imported(gif);
    expect(pixel).toEqual([250, 0, 0]);
    expect(remarks).toEqual(['1 of 7 images have several frames or pages: the first is read']);
  });
  test('of transparency, what is seen on black', async () => {
    const { pixel, remarks } = await imported(await flat([200, 100, 50, 128]).png().toBuffer());
    expect(pixel.map((value) => Math.round(value / 2))).toEqual([50, 25, 13]);
    expect(remarks).toEqual(['1 of 7 images may be transparent: put on black']);
  });
  test('of 16 bits a channel, rounded to 8', async () => {
    const deep = await sharp(
      Uint16Array.from({ length: 12 }, () => 0x8000),
      {
        raw: { width: 2, height: 2, channels: 3 },
      },
    )
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const { pixel, remarks } = await imported(deep);
    expect(pixel.every((value) => Math.abs(value - 128) <= 1)).toBe(true);
    expect(pixel.length).toBe(3);
    expect(remarks).toContainEqual('1 of 7 images have 16 bits a channel: rounded to 8');
  });
  test('of CMYK, RGB', async () => {
    const { pixel, remarks } = await imported(
      await flat([200, 30, 30], 8).toColourspace('cmyk').jpeg().toBuffer(),
    );
    const [r = 0, g = 0, b = 0] = pixel;
    expect(r > 150 && g < 90 && b < 90).toBe(true);
    expect(remarks).toEqual(['1 of 7 images are in CMYK: converted to RGB']);
  });
  test('of an EXIF orientation, the image as it is looked at; its size too', async () => {
    const wide = await sharp(Buffer.from([255, 0, 0, 0, 255, 0]), {
      raw: { width: 2, height: 1, channels: 3 },
    })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    for (const name of ['x', 'y']) for (const i of [0, 1, 2]) await write(`${name}/${i}.jpg`, wide);
    const { train, account } = await importFolder(folder, { testFraction: 0.4 });
    expect(train.shape).toEqual([2, 1, 3]);
    expect((train.images[0] as number) > 200).toBe(true);
    expect(account.remarks).toEqual(['6 of 6 images are turned as their EXIF data say']);
  });
});

describe('channels and size are those of the whole set', () => {
  test('grey only where all images are', async () => {
    for (const name of ['x', 'y']) for (const i of [1, 2, 3]) await png(`${name}/${i}.png`, [10 * i]);
    expect((await importFolder(folder, { testFraction: 0.4 })).train.shape).toEqual([2, 2, 1]);
    await png('y/4.png', [200, 10, 10]);
    const { train, account } = await importFolder(folder, { testFraction: 0.4 });
    expect(train.shape).toEqual([2, 2, 3]);
    expect(account.remarks).toEqual(['6 of 7 images are grey, read as colour']);
    const files = await importFiles(folder, { testFraction: 0.4, size: 2 });
    expect(files.shape).toEqual([2, 2, 3]);
    await rm(join(folder, 'y/4.png'));
    expect((await importFiles(folder, { testFraction: 0.4, size: 2 })).shape).toEqual([2, 2, 1]);
  });
  test('the odd one out is named, wherever it is', async () => {
    await classes('x', 'y');
    await png('a/0.png', 99, 5);
    await png('a/1.png', 98);
    await expect(importFolder(folder, { testFraction: 0.5 })).rejects.toThrow(
      /a\/0\.png.*7 of 8 are 2 × 2.*this one is 5 × 5: give --size/,
    );
  });
});

describe('splits and classes', () => {
  test.each([
    ['a', 'A'],
    ['a', 'a '],
    ['caf\u00e9', 'cafe\u0301'],
  ])('classes %j and %j are refused', async (one, other) => {
    await classes(one, other);
    await expect(importFolder(folder)).rejects.toThrow('differ by more than case, spaces around them');
  });
  test.each(['b\u001b[2J', 'b\nc', 'b\u202ec'])('a class called %j is refused', async (name) => {
    await classes('a', name);
    await expect(importFolder(folder)).rejects.toThrow('names of classes that can be printed');
  });
  const splitCounts = async (options = {}): Promise<unknown> => {
    const { classes: names, train, test: tests, givenValidation } = await importFolder(folder, options);
    return [names, counts(train, names.length), givenValidation, counts(tests, names.length)];
  };
  test.each([
    ['train', 'val', 'test'],
    ['Train', 'Validation', 'TEST'],
    ['training', 'valid', 'testing'],
  ])(
    '%s/, %s/ and %s/: the validation split is kept, at the end of the training images',
    async (train, val, tests) => {
      await classes(`${train}/a`, `${train}/b`, `${val}/a`, `${val}/b`, `${tests}/a`, `${tests}/b`);
      expect(await splitCounts()).toEqual([['a', 'b'], [6, 6], 6, [3, 3]]);
      const { train: images } = await importFolder(folder);
      // Colours are numbered: those of the validation split are 7 to 12.
      expect(firstPixels(images).map(([r]) => r)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      const files = await importFiles(folder, { size: 2 });
      expect([files.givenValidation, files.train.labels.length, files.test.labels.length]).toEqual([
        6, 12, 6,
      ]);
    },
  );
  test('train/ and val/ alone: val/ is the test split, and that is said', async () => {
    await classes('train/a', 'train/b', 'val/a', 'val/b');
    expect(await splitCounts()).toEqual([['a', 'b'], [3, 3], undefined, [3, 3]]);
    expect((await importFolder(folder)).account.remarks).toEqual([
      'the validation folder is the test split: there is no other',
    ]);
  });
  test('splits within classes', async () => {
    await classes('a/train', 'a/test', 'b/train', 'b/test');
    expect(await splitCounts()).toEqual([['a', 'b'], [3, 3], undefined, [3, 3]]);
  });
  test('a class may be called train', async () => {
    await classes('train', 'tram', 'bus');
    expect(await splitCounts({ testFraction: 0.4 })).toEqual([
      ['bus', 'train', 'tram'],
      [1, 2, 2],
      undefined,
      [2, 1, 1],
    ]);
  });
  test.each([
    [
      'train/ with folders beside classes',
      ['train/old', 'train/new', 'bus', 'tram'],
      ['bus', 'train', 'tram'],
    ],
    ['train/ and test/ of images alone', ['train', 'test'], ['test', 'train']],
  ])('%s is refused with the option that decides', async (_, made, names) => {
    await classes(...made);
    await expect(importFolder(folder)).rejects.toThrow(/--structure splits, or --structure classes/);
    expect((await importFolder(folder, { structure: 'classes', testFraction: 0.4 })).classes).toEqual(names);
  });
  test('--structure splits leaves other folders out and counts them', async () => {
    await classes('train/a', 'train/b', 'test/a', 'test/b', 'unlabeled');
    await expect(importFolder(folder)).rejects.toThrow('unlabeled beside them may be classes');
    const { account, train } = await importFolder(folder, { structure: 'splits' });
    expect([account.leftOut['in a folder that is no split']?.count, counts(train, 2)]).toEqual([3, [3, 3]]);
  });
  test.each([
    [['Cat', 'cat', 'dog'], 'rename it or join it with Cat'],
    [['caf\u00e9', 'cafe\u0301', 'dog'], 'join the two folders'],
    [['only'], 'it has only only'],
    [['data/a', 'data/b'], 'did you mean'],
    [['train/a', 'train/b', 'test/a', 'test/b', 'Test/a', 'Test/b'], 'one folder for the test split'],
    [['train/a', 'train/b', 'test/a', 'test/B'], 'names count with their case'],
  ] as const)('%j is refused: %s', async (made, message) => {
    await classes(...made);
    await expect(importFolder(folder)).rejects.toThrow(message);
  });
  test('the encoding of accents is no difference between splits', async () => {
    await classes('train/caf\u00e9', 'train/b', 'test/cafe\u0301', 'test/b');
    expect(await splitCounts()).toEqual([['b', 'caf\u00e9'], [3, 3], undefined, [3, 3]]);
  });
  test('a class too small for both parts is named; small ones are in both', async () => {
    for (let i = 0; i < 20; i++) await png(`common/${i}.png`, i);
    for (let i = 0; i < 2; i++) await png(`twice/${i}.png`, 100 + i);
    await png('rare/0.png', 200);
    await expect(importFolder(folder)).rejects.toThrow(/rare \(1\).*at least 2 images of each class/);
    await png('rare/1.png', 201);
    expect(await splitCounts()).toEqual([['common', 'rare', 'twice'], [17, 1, 1], undefined, [3, 1, 1]]);
  });
});

describe('equal images', () => {
  test('across splits, classes and files are counted by their pixels', async () => {
    await classes('train/x', 'train/y', 'test/x', 'test/y');
    // The same pixels in another format.
    await write('test/x/same.bmp', bitmap([1, 254, 7], 24));
    // A training image of x under y, in the test split, and one twice.
    await png('test/y/contradicts.png', 2);
    await png('train/y/again.png', 4);
    const { account } = await importFolder(folder);
    expect(account.equal).toMatchObject({
      testInTraining: 2,
      validationInTraining: 0,
      contradicting: 2,
      repeated: 1,
    });
    expect(account.equal.examples).toContainEqual([
      join(folder, 'test/x/same.bmp'),
      join(folder, 'train/x/0.png'),
    ]);
  });
  test('all test images are training images: that is printed, with the counts of each class and split', async () => {
    for (const split of ['train', 'test'])
      for (const name of ['x', 'y'])
        for (const i of [1, 2, 3]) await png(`${split}/${name}/${i}.png`, i + (name === 'y' ? 10 : 0));
    await write('train/x/notes.txt', 'n');
    const store = createMemoryObjectStore();
    const { manifest, account } = await addImages(store, 'mine', 'mine', { from: folder });
    expect(account?.equal.testInTraining).toBe(6);
    const text = accountText(manifest, (await datasetCounts(store, manifest)) as ImageCounts, account);
    expect(text).toContain('equal images: 6 of 6 test images are training images too');
    expect(text).toMatch(
      /class\s+train\s+test\nx\s+3\s+3\ny\s+3\s+3\nleft out: 1, not an image \(\.txt\): .*notes\.txt/,
    );
    const files = createMemoryObjectStore();
    const added = await addImages(files, 'mine', 'mine', { from: folder, files: true, size: 2 });
    expect(added.account?.equal.testInTraining).toBe(6);
    // The manifest keeps the counts for reports.
    for (const stored of [manifest, added.manifest])
      expect(stored.equalImages).toEqual({
        testInTraining: 6,
        testInValidation: 0,
        validationInTraining: 0,
        contradicting: 0,
        repeated: 0,
      });
  });
});

describe('tables of labels', () => {
  const images = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) await png(`images/${i}.png`, i);
  };
  const rows = (line: (i: number) => string): string =>
    Array.from({ length: 8 }, (_, i) => line(i)).join('\n');
  test.each([
    ['path,label', (i: number) => `images/${i}.png,${i % 2 ? 'dog' : 'cat'}`],
    ['Image_Name;Class', (i: number) => `images/${i}.png;${i % 2 ? 'dog' : 'cat'}`],
    ['filename\tcategory\tnote', (i: number) => `images/${i}.png\t${i % 2 ? 'dog' : 'cat'}\tn`],
    ['label,file', (i: number) => `${i % 2 ? 'dog' : 'cat'},images\\${i}.png`],
    ['', (i: number) => `images/${i}.png,${i % 2 ? 'dog' : 'cat'}`],
    ['path|label', (i: number) => `images/${i}.png|${i % 2 ? 'dog' : 'cat'}`],
    ['"path","class;name","label"', (i: number) => `images/${i}.png,"x;y",${i % 2 ? 'dog' : 'cat'}`],
    ['\ufeff"path","label"', (i: number) => `"images/${i}.png","${i % 2 ? 'dog' : 'cat'}"`],
    ['sep=;\r\npath;label', (i: number) => `images/${i}.png;${i % 2 ? 'dog' : 'cat'}`],
    [
      '\ufeffSEP=|\r\nlabel|note, or none|path',
      (i: number) => `${i % 2 ? 'dog' : 'cat'}|a,b|images/${i}.png`,
    ],
    [
      '# made by "somebody"\r\n  # label, then path\r\npath,label',
      (i: number) =>
        `images/${i}.png,${i % 2 ? 'dog' : 'cat'}${i === 3 ? '\n# between rows, too, many, cells' : ''}`,
    ],
    ['# a table\r\n# label,path', (i: number) => `${i % 2 ? 'dog' : 'cat'},images/${i}.png`],
    ['\ufeff#id;class', (i: number) => `images/${i};${i % 2 ? 'dog' : 'cat'}`],
    ['id,label', (i: number) => `images/${i},${i % 2 ? 'dog' : 'cat'}`],
    ['id,path,label', (i: number) => `${i},./images/${i}.png,${i % 2 ? 'dog' : 'cat'}`],
    ['image_id,category', (i: number) => `"images/${i}","${i % 2 ? 'dog' : 'cat'}"`],
    ['', (i: number) => `images/${i}.png   ${i % 2 ? 'dog' : 'cat'}`],
    ['path,label', (i: number) => `"images/${i}.png" , "${i % 2 ? 'dog' : 'cat'}"${i === 7 ? '\n,\n,' : ''}`],
  ])('with the header %j', async (header, line) => {
    await images();
    await write('labels.csv', `${header}${header === '' ? '' : '\r\n'}${rows(line)}\n`);
    const {
      classes: names,
      train,
      test: tests,
    } = await importFolder(join(folder, 'labels.csv'), { testFraction: 0.25 });
    expect([names, counts(train, 2), counts(tests, 2)]).toEqual([
      ['cat', 'dog'],
      [3, 3],
      [1, 1],
    ]);
    const store = createMemoryObjectStore();
    const { manifest } = await addImages(store, 'mine', 'mine', {
      from: folder,
      labels: join(folder, 'labels.csv'),
      testFraction: 0.25,
    });
    expect(manifest.classes).toEqual(['cat', 'dog']);
  });
  test('with splits; numbers are classes in their order; what is not listed is counted', async () => {
    await images();
    await png('images/extra.png', 99);
    const split = ['train', 'TRAIN', 'training', 'train', 'val', 'validation', 'test', 'Test'];
    await write(
      'labels.csv',
      `path,label,split\n${rows((i) => `images/${i}.png,${i % 2 ? 10 : 9},${split[i]}`)}\n`,
    );
    const {
      classes: names,
      train,
      test: tests,
      givenValidation,
      account,
    } = await importFolder(join(folder, 'labels.csv'));
    expect([names, counts(train, 2), givenValidation, counts(tests, 2)]).toEqual([
      ['9', '10'],
      [3, 3],
      2,
      [1, 1],
    ]);
    expect(account.leftOut['not listed in the table']?.count).toBe(1);
  });
  test.each([
    ['path,label\nimages/0.png,a\nimages/none.png,b', 'line 3: images/none.png is no image of the folder'],
    ['path,label\nimages/0.png,a\nimages/1.png,', 'line 3 has no label'],
    ['path,label\nimages/0.png,a\nimages/0.png,b', 'lines 2 and 3 contradict each other'],
    ['path,label,split\nimages/0.png,a,train\nimages/1.png,b,', 'line 3: split "" is none of'],
    ['path,label\nimages/0.png,a\nimages/1.png', 'Invalid Record Length'],
    ['path,label\nimages/0.png,Cat\nimages/1.png,cat', 'write one of Cat, cat everywhere'],
    [
      'path,label\nimages/0.png,a\nimages/1.png,"b\u001b[2J"',
      'line 3: the class "b\\u001b[2J" has characters',
    ],
    ['path,colour\nimages/0.png,a', 'found: path, colour'],
    ['path,label,file\nimages/0.png,a,b', 'one column for the path'],
    ['path,label\nimages/0.png,a\nimages/1.png,a', 'all are of class a'],
    [
      'path,label,split\nimages/0.png,a,train\nimages/1.png,b,train\nimages/2.png,a,test',
      'class b has none there',
    ],
    ['', 'it is empty'],
    ['sep=;\n', 'it is empty'],
    ['# nothing but a comment\n', 'it is empty'],
    ['sep=;\n# c\npath;label\nimages/0.png;a\nimages/none.png;b', 'line 5: images/none.png is no image'],
    ['path,label\nimages/0.png,a\n# images/1.png,b\nimages/2.png,a', 'all are of class a'],
  ])('%j is refused: %s', async (text, message) => {
    await images();
    await write('labels.csv', text);
    await expect(importFolder(join(folder, 'labels.csv'))).rejects.toThrow(message);
  });
  test('may compose accents as the disk does not', async () => {
    for (let i = 0; i < 8; i++) await png(`images/e\u0301${i}.png`, i);
    await write('labels.csv', `path,label\n${rows((i) => `images/\u00e9${i}.png,${i % 2}`)}\n`);
    const { train, test: tests } = await importFolder(join(folder, 'labels.csv'));
    expect(train.labels.length + tests.labels.length).toBe(8);
    await png('images/\u00e97.png', 7);
    await write('labels.csv', `path,label\n${rows((i) => `images/e\u0301${i}.png,${i % 2}`)}\n`);
    expect(
      (await importFolder(join(folder, 'labels.csv'))).account.leftOut['not listed in the table']?.count,
    ).toBe(1);
  });
  test('may name images that begin with the sign of a comment in quotes alone', async () => {
    for (let i = 0; i < 4; i++) await png(`#${i}.png`, i);
    const table = (name: (i: number) => string): string =>
      ['path,label', ...[0, 1, 2, 3].map((i) => `${name(i)},${i % 2}`)].join('\n');
    await write(
      'labels.csv',
      table((i) => `#${i}.png`),
    );
    await expect(importFolder(join(folder, 'labels.csv'))).rejects.toThrow(
      'line 2 is a comment, and #0.png is an image: put quotes around the name',
    );
    await write(
      'labels.csv',
      table((i) => `"#${i}.png"`),
    );
    const { train, test: tests } = await importFolder(join(folder, 'labels.csv'), { testFraction: 0.5 });
    expect(train.labels.length + tests.labels.length).toBe(4);
  });
  test('name one image by an id, or are refused', async () => {
    await images();
    await write('images/7.jpg', await flat([1, 2, 3]).jpeg().toBuffer());
    await write('labels.csv', `id,label\n${rows((i) => `images/${i},${i % 2}`)}\n`);
    await expect(importFolder(join(folder, 'labels.csv'))).rejects.toThrow(
      'line 9: images/7 may be several images of the folder, which differ in their extensions',
    );
  });
  test('in Latin-1 is refused', async () => {
    await images();
    await write('labels.csv', Buffer.from('path,label\nimages/0.png,caf\xe9\n', 'latin1'));
    await expect(importFolder(join(folder, 'labels.csv'))).rejects.toThrow('UTF-8');
  });
});

test('the official layout of extracted CIFAR files may be a link', async () => {
  const { entriesOf } = await import('../../../scripts/data/read-input.ts');
  await classes('real/a');
  await symlink('real', join(folder, 'linked'));
  expect((await entriesOf(folder)).map(({ name, kind }) => [name, kind])).toEqual([
    ['linked', 'folder'],
    ['real', 'folder'],
  ]);
  expect((await readFile(join(folder, 'linked/a/0.png'))).length).toBeGreaterThan(0);
});
