import { availableParallelism } from 'node:os';
import { dirname, extname } from 'node:path';
import pLimit from 'p-limit';
import { apportion } from '../../nas/core/apportion.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import type { ImageSet } from '../../nas/task/images/image-set.ts';
import { imageBytes } from '../../nas/task/images/image-set.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';
import { indicesByClass } from '../../nas/task/images/split.ts';
import { countsOf, equalImages, type EqualImages } from './equal-images.ts';
import {
  structuredImages,
  type LabelledFile,
  type Structure,
  type StructuredImages,
} from './folder-structure.ts';
import { bitsFor, imageFacts, imagePixels, type ImageFacts } from './image-file.ts';
import { readLabelFile } from './label-file.ts';
import { leftOutCounter, type LeftOut } from './left-out.ts';
import { kindOfPath } from './read-input.ts';
import { imagesWithin, settleBroken, walkFolder, type BrokenFile } from './walk-folder.ts';

export interface FolderOptions {
  /**
   * Side in pixels that every image is scaled and centre-cropped to; absent: all images must have one size.
   */
  readonly size?: number;
  /** 1 grey, 3 colour; absent: grey where all images are, else colour. */
  readonly channels?: 1 | 3;
  /** Where the folder has no test split of its own: the fraction of each class that becomes it. */
  readonly testFraction?: number;
  readonly splitSeed?: number;
  /** What the folders at the top are; absent: told by their names and by what is in them. */
  readonly structure?: Structure;
  /** A table of paths, labels and perhaps splits, in place of folders of classes. */
  readonly labels?: string;
  /** Leave files out that are no whole images in spite of their names or beginnings. */
  readonly skipBroken?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What became of everything in the folder. */
export interface FolderAccount {
  readonly leftOut: LeftOut;
  /** Links that were followed. */
  readonly links: number;
  /** Images in folders within those of their classes. */
  readonly nested: number;
  /** Sentences on what was done to images or made of names. */
  readonly remarks: readonly string[];
  /** Of the pixels that the data set holds. */
  readonly equal: EqualImages;
}

/** The image files of a folder, by split. */
interface ImageFolder extends Omit<RawDataset, 'train' | 'test'> {
  readonly train: readonly LabelledFile[];
  readonly validation: readonly LabelledFile[];
  readonly test: readonly LabelledFile[];
  readonly channels: 1 | 3;
  /** Of the 16 bits a channel of images that have so many, how many the whole set uses. */
  readonly bits: number;
  /** Height and width that most of them have. */
  readonly commonSize: readonly [number, number];
  readonly account: Omit<FolderAccount, 'equal'>;
}

const paths = (files: readonly LabelledFile[], classes: readonly string[], label: number): string =>
  `${classes[label]} (${files.filter((item) => item.label === label).length})`;

/** Holds out `fraction` of each class as the test split, seeded; both parts keep their order. */
const holdOut = (
  files: readonly LabelledFile[],
  classes: readonly string[],
  fraction: number,
  seed: number,
): { readonly train: readonly LabelledFile[]; readonly test: readonly LabelledFile[] } => {
  const byClass = indicesByClass(Int32Array.from(files, ({ label }) => label));
  const parts = apportion(
    byClass.map((indices) => indices.length),
    fraction,
  );
  if (parts.kind === 'class')
    throw inputError(
      '--from',
      paths(files, classes, parts.index),
      'at least 2 images of each class, one of them for the test split',
      'add images of that class or leave it out; or give splits of your own: train/ and test/',
    );
  if (parts.kind === 'total')
    throw inputError(
      '--test-fraction',
      fraction,
      `a fraction that leaves each of the ${classes.length} classes an image in both parts`,
      `choose another fraction: this one leaves ${parts.left} to train on and ${parts.taken} to test on`,
    );
  const held = new Set(
    byClass.flatMap((indices, label) =>
      randomFromSeed(deriveSeed(seed, 'test-split', label)).sample(indices, parts.taken[label] as number),
    ),
  );
  const part = (inTest: boolean): LabelledFile[] => files.filter((_, index) => held.has(index) === inTest);
  return { train: part(false), test: part(true) };
};

/** Does `work` for all files, some at once; files for which it fails are returned, in their order. */
const forEachFile = async (
  files: readonly LabelledFile[],
  work: (file: LabelledFile, index: number) => Promise<void>,
): Promise<readonly BrokenFile[]> => {
  const limit = pLimit(2 * availableParallelism());
  const broken: (BrokenFile | undefined)[] = files.map(() => undefined);
  await Promise.all(
    files.map((file, index) =>
      limit(async () => {
        try {
          await work(file, index);
        } catch (error) {
          broken[index] = {
            path: file.path,
            why: `does not decode: ${(error as Error).message.split('\n')[0]}`,
          };
        }
      }),
    ),
  );
  return broken.filter((file) => file !== undefined);
};

type Surveyed = ReadonlyMap<string, ImageFacts>;

/** What was done to images, for people. */
const remarksOn = (facts: Surveyed, channels: 1 | 3, bits: number): readonly string[] => {
  const all = [...facts.values()];
  const counted = (is: (item: ImageFacts) => boolean, what: string): readonly string[] => {
    const count = all.filter(is).length;
    return count === 0 ? [] : [`${count} of ${all.length} images ${what}`];
  };
  return [
    ...counted(
      ({ grey }) => grey !== (channels === 1),
      channels === 1 ? 'are in colour, made grey' : 'are grey, read as colour',
    ),
    ...counted(({ frames }) => frames > 1, 'have several frames or pages: the first is read'),
    ...counted(({ transparent }) => transparent, 'may be transparent: put on black'),
    ...counted(
      ({ brightest }) => brightest !== undefined,
      bits === 16
        ? 'have 16 bits a channel: rounded to 8'
        : `have 16 bits a channel, of which none uses more than ${bits}: ${bits === 8 ? 'these are read' : `scaled to 8, so that ${2 ** bits - 1} is white`}`,
    ),
    ...counted(({ cmyk }) => cmyk, 'are in CMYK: converted to RGB'),
    ...counted(({ rotated }) => rotated, 'are turned as their EXIF data say'),
  ];
};

/**
 * The size that most images have; throws InputError naming the first that has another where they must all
 * have it.
 */
const commonSizeOf = (
  files: readonly LabelledFile[],
  facts: Surveyed,
  mustBeOne: boolean,
): readonly [number, number] => {
  const sizes = new Map<string, { readonly size: readonly [number, number]; count: number }>();
  const sizeOf = ({ path }: LabelledFile): readonly [number, number] => {
    const { height, width } = facts.get(path) as ImageFacts;
    return [height, width];
  };
  for (const file of files) {
    const size = sizeOf(file);
    const known = sizes.get(size.join());
    if (known === undefined) sizes.set(size.join(), { size, count: 1 });
    else known.count++;
  }
  const [common] = [...sizes.values()].sort((a, b) => b.count - a.count) as [
    { readonly size: readonly [number, number]; count: number },
  ];
  const odd = files.find((file) => sizeOf(file).join() !== common.size.join());
  if (mustBeOne && odd !== undefined)
    throw inputError(
      '--from',
      odd.path,
      `images of one size; ${common.count} of ${files.length} are ${common.size.join(' × ')}`,
      `this one is ${sizeOf(odd).join(' × ')}: give --size PIXELS to scale and crop all to one size`,
    );
  return common.size;
};

const structureOf = async (
  from: string,
  options: FolderOptions,
): Promise<{
  readonly found: StructuredImages;
  readonly links: number;
  readonly leftOut: ReturnType<typeof leftOutCounter>;
}> => {
  const leftOut = leftOutCounter();
  const isTable = (await kindOfPath(from)) === 'file';
  const folder = isTable ? dirname(from) : from;
  const table = isTable ? from : options.labels;
  const { root, links, broken } = await walkFolder(folder, leftOut);
  const found =
    table === undefined
      ? structuredImages(root, options.structure, leftOut)
      : await readLabelFile(table, folder, imagesWithin(root), leftOut);
  settleBroken(broken, options.skipBroken === true, leftOut);
  return { found, links, leftOut };
};

/** Names of tables of labels. */
export const isLabelFile = (path: string): boolean => ['.csv', '.tsv'].includes(extname(path).toLowerCase());

/**
 * Finds the images of a folder per class: `train/CLASS/*`, `test/CLASS/*` and perhaps `val/CLASS/*`, or only
 * `CLASS/*`, of which a seeded fraction becomes the test split; or those that a table lists. Classes are
 * sorted by name. Throws InputError naming the file or folder that is wrong.
 */
export const findImages = async (from: string, options: FolderOptions = {}): Promise<ImageFolder> => {
  const { found, links, leftOut } = await structureOf(from, options);
  const { classes, remarks } = found;
  const facts = new Map<string, ImageFacts>();
  const everything = [...found.train, ...(found.validation ?? []), ...(found.test ?? [])];
  const broken = await forEachFile(everything, async (file) => {
    const known = await imageFacts(file);
    // Only decoding tells whether a file is whole; it is done once more where its images are wanted.
    if (options.skipBroken === true) await imagePixels(file, 3);
    facts.set(file.path, known);
  });
  settleBroken(broken, options.skipBroken === true, leftOut);
  const whole = (files: readonly LabelledFile[]): readonly LabelledFile[] =>
    files.filter(({ path }) => facts.has(path));
  const channels = options.channels ?? ([...facts.values()].every(({ grey }) => grey) ? 1 : 3);
  const samples = [...facts.values()].flatMap(({ brightest }) => brightest ?? []);
  const bits = samples.length === 0 ? 16 : bitsFor(samples.reduce((a, b) => Math.max(a, b)));
  const { testFraction = 0.2, splitSeed = 0 } = options;
  const parts =
    found.test === undefined
      ? holdOut(whole(found.train), classes, testFraction, splitSeed)
      : { train: whole(found.train), test: whole(found.test) };
  const validation = whole(found.validation ?? []);
  for (const [name, files] of Object.entries({ training: parts.train, test: parts.test })) {
    const missing = classes.findIndex((_, label) => !files.some((item) => item.label === label));
    if (missing !== -1)
      throw inputError(
        '--from',
        classes[missing],
        `whole images of every class in the ${name} split`,
        'all of its images are broken',
      );
  }
  const source = `folder of images, ${classes.length} classes`;
  return {
    classes,
    ...parts,
    validation,
    ...(validation.length > 0 && { givenValidation: validation.length }),
    channels,
    bits,
    commonSize: commonSizeOf(whole(everything), facts, options.size === undefined),
    source:
      found.test === undefined
        ? `${source}; ${testFraction} of each class held out as test, seed ${splitSeed}`
        : source,
    licence: 'not stated',
    verified: 'all images decode',
    account: {
      leftOut: leftOut.counted(),
      links,
      nested: found.nested,
      remarks: [...remarks, ...remarksOn(facts, channels, bits)],
    },
  };
};

/** The images of such a folder, decoded into memory, and an account of everything in it. */
export const importFolder = async (
  from: string,
  options: FolderOptions = {},
): Promise<RawDataset & { readonly account: FolderAccount }> => {
  const { train, validation, test, channels, bits, commonSize, account, ...described } = await findImages(
    from,
    options,
  );
  const { size } = options;
  const [height, width] = size === undefined ? commonSize : [size, size];
  const shape = [height, width, channels] as const;
  const equal = equalImages();
  const total = train.length + validation.length + test.length;
  let done = 0;
  const decode = async (
    files: readonly LabelledFile[],
    splitOf: (index: number) => 'train' | 'validation' | 'test',
  ): Promise<ImageSet> => {
    const images = new Uint8Array(files.length * imageBytes(shape));
    const broken = await forEachFile(files, async (file, index) => {
      const { data } = await imagePixels(file, channels, { size, bits });
      images.set(data, index * imageBytes(shape));
      equal.add({ path: file.path, label: file.label, split: splitOf(index) }, data);
      options.onProgress?.(++done, total);
    });
    settleBroken(broken, false, leftOutCounter());
    return { shape, images, labels: Int32Array.from(files, ({ label }) => label) };
  };
  const trainSet = await decode([...train, ...validation], (index) =>
    index < train.length ? 'train' : 'validation',
  );
  const testSet = await decode(test, () => 'test');
  const counted = equal.counted();
  return {
    ...described,
    train: trainSet,
    test: testSet,
    equalImages: countsOf(counted),
    account: { ...account, equal: counted },
  };
};
