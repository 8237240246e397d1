import { join } from 'node:path';
import { inputError } from '../../nas/core/input-error.ts';
import { foldedName, isUnprintable } from './class-name.ts';
import type { ImageFile } from './image-file.ts';
import type { LeftOutCounter } from './left-out.ts';
import { imagesWithin, type ImageFolderTree } from './walk-folder.ts';

export type SplitKind = 'train' | 'validation' | 'test';
/** What the folders at the top are. */
export type Structure = 'splits' | 'classes';

export interface LabelledFile extends ImageFile {
  readonly label: number;
}

export interface StructuredImages {
  readonly classes: readonly string[];
  readonly train: readonly LabelledFile[];
  /** Absent where the folder has no such split of its own. */
  readonly validation?: readonly LabelledFile[];
  readonly test?: readonly LabelledFile[];
  /** In folders within those of their classes. */
  readonly nested: number;
  /** What was made of the folders' names, for people. */
  readonly remarks: readonly string[];
}

const SPLIT_NAMES: readonly (readonly [SplitKind, RegExp])[] = [
  ['train', /^train(?:ing)?$/i],
  ['validation', /^val(?:id(?:ation)?)?$/i],
  ['test', /^test(?:ing)?$/i],
];

/** The split that a name means, in any case: `train`, `val`, `valid`, `validation`, `test`, …. */
export const splitCalled = (name: string): SplitKind | undefined =>
  SPLIT_NAMES.find(([, pattern]) => pattern.test(name))?.[0];

/** Folders of images by class, of one split. */
type Classes = readonly ImageFolderTree[];

const hasImages = (folder: ImageFolderTree): boolean => imagesWithin(folder).length > 0;
const isClass = (folder: ImageFolderTree): boolean => folder.images.length > 0;
/** Folders of images and no images beside them. */
const isSplit = (folder: ImageFolderTree): boolean => !isClass(folder) && folder.folders.some(hasImages);

const listed = (folders: readonly ImageFolderTree[]): string => folders.map(({ name }) => name).join(', ');

/**
 * A folder of splits or classes has nothing else in it; what it has is counted. Throws where it may be a
 * class that is missing.
 */
const settleStrays = (folder: ImageFolderTree, leftOut: LeftOutCounter): void => {
  const [link] = folder.brokenLinks;
  if (link !== undefined)
    throw inputError(
      '--from',
      link,
      'a folder, or a link to one',
      'this link leads nowhere, and a class would be missing: mend or remove it',
    );
  const [written] = folder.writtenLinks;
  if (written !== undefined)
    throw inputError(
      '--from',
      written,
      'a folder, or a link to one',
      'this is a text file that holds a path, as git writes links where it cannot make them (core.symlinks), and a class would be ' +
        'missing: make it a link, or remove it',
    );
  for (const { path } of folder.images) leftOut.add('image outside of all classes', path);
};

const withoutImages = (folders: readonly ImageFolderTree[], leftOut: LeftOutCounter): void => {
  for (const { path } of folders) leftOut.add('folder without images', path);
};

const AMBIGUOUS = 'say what the folders at the top are: --structure splits, or --structure classes';

/**
 * The classes of each split, or of the whole where there are no splits. Throws InputError where that cannot
 * be told.
 */
const recognise = (
  root: ImageFolderTree,
  structure: Structure | undefined,
  leftOut: LeftOutCounter,
): Partial<Record<SplitKind, Classes>> | { readonly all: Classes } => {
  settleStrays(root, leftOut);
  const named = root.folders.filter((folder) => splitCalled(folder.name) !== undefined && hasImages(folder));
  const others = root.folders.filter((folder) => splitCalled(folder.name) === undefined);
  const otherImages = others.filter(hasImages);
  const ambiguous = (why: string): never => {
    throw inputError(
      '--from',
      root.path,
      'folders of classes, or of splits that hold folders of classes',
      `${why}; ${AMBIGUOUS}`,
    );
  };
  const asClasses = (): { readonly all: Classes } => ({ all: root.folders });
  const asSplits = (): Partial<Record<SplitKind, Classes>> => {
    for (const folder of otherImages)
      for (const { path } of imagesWithin(folder)) leftOut.add('in a folder that is no split', path);
    withoutImages(
      root.folders.filter((folder) => !hasImages(folder)),
      leftOut,
    );
    const splits: Partial<Record<SplitKind, Classes>> = {};
    for (const folder of named) {
      const kind = splitCalled(folder.name) as SplitKind;
      if (splits[kind] !== undefined)
        throw inputError(
          '--from',
          folder.path,
          `one folder for the ${kind} split`,
          `join ${listed(named)} as they belong together`,
        );
      if (!isSplit(folder))
        throw inputError(
          '--from',
          folder.path,
          'a split with one folder of images for each class',
          'images lie beside its folders, or without any: sort them into classes, or say with --structure classes that it is a class itself',
        );
      settleStrays(folder, leftOut);
      splits[kind] = folder.folders;
    }
    return splits;
  };
  /** `cat/train`, `cat/test`, `dog/train`, …: the splits of each class. */
  const fromClassesFirst = (): Partial<Record<SplitKind, Classes>> => {
    const splits: Partial<Record<SplitKind, ImageFolderTree[]>> = {};
    for (const folder of otherImages) {
      settleStrays(folder, leftOut);
      for (const part of folder.folders)
        (splits[splitCalled(part.name) as SplitKind] ??= []).push({ ...part, name: folder.name });
    }
    return splits;
  };
  if (structure === 'classes') return asClasses();
  if (structure === 'splits') return asSplits();
  if (named.length === 0) {
    const inside = otherImages.filter(
      (folder) => isSplit(folder) && folder.folders.every(({ name }) => splitCalled(name) !== undefined),
    );
    if (inside.length === 0 || otherImages.length < 2) return asClasses();
    if (inside.length === otherImages.length) return fromClassesFirst();
    return ambiguous(`${listed(inside)} holds folders named as splits, and other classes do not`);
  }
  if (otherImages.length > 0) {
    if (named.every(isClass)) return asClasses();
    return ambiguous(`${listed(named)} may be splits, and ${listed(otherImages)} beside them may be classes`);
  }
  if (named.every(isSplit)) return asSplits();
  return ambiguous(
    named.some(isSplit)
      ? `${listed(named.filter(isClass))} holds images and no classes, unlike ${listed(named.filter(isSplit))}`
      : `${listed(named)} hold images and no classes`,
  );
};

/** Classes by name, sorted. Throws where two cannot be told apart, or one is empty. */
const classesOf = (folders: Classes, at: string): readonly ImageFolderTree[] => {
  const sorted = [...folders].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const byFolded = new Map<string, string>();
  for (const { name, path } of sorted) {
    if (isUnprintable(name))
      throw inputError(
        '--from',
        path,
        'names of classes that can be printed',
        'rename the folder: its name has characters that end lines, move a cursor or hide text',
      );
    const folded = foldedName(name);
    const twin = byFolded.get(folded);
    if (twin !== undefined)
      throw inputError(
        '--from',
        path,
        'classes whose names differ by more than case, spaces around them or accents’ encoding',
        twin === name ? 'join the two folders of this name' : `rename it or join it with ${twin}`,
      );
    byFolded.set(folded, name);
  }
  if (sorted.length < 2) {
    const [only] = sorted;
    const deeper = only !== undefined && only.folders.filter(hasImages).length > 1;
    throw inputError(
      '--from',
      at,
      'a folder with one subfolder of images for each of at least two classes, or train/ and test/ with such subfolders',
      only === undefined
        ? 'it has no subfolders; check the path'
        : `it has only ${only.name}; ${deeper ? `did you mean ${only.path}?` : 'check the path'}`,
    );
  }
  const empty = sorted.find((folder) => !hasImages(folder));
  if (empty !== undefined)
    throw inputError(
      '--from',
      empty.path,
      'a folder of images for each class',
      'put images there or remove the folder',
    );
  return sorted;
};

/**
 * Tells classes and splits of a folder by their structure and names. Throws InputError naming the folder that
 * is wrong, or the option that decides.
 */
export const structuredImages = (
  root: ImageFolderTree,
  structure: Structure | undefined,
  leftOut: LeftOutCounter,
): StructuredImages => {
  const found = recognise(root, structure, leftOut);
  const remarks: string[] = [];
  let nested = 0;
  const labelled = (folders: Classes): readonly LabelledFile[] => {
    nested += folders.reduce((sum, folder) => sum + imagesWithin(folder).length - folder.images.length, 0);
    return folders.flatMap((folder, label) => imagesWithin(folder).map((image) => ({ ...image, label })));
  };
  if ('all' in found) {
    const folders = classesOf(found.all, root.path);
    return { classes: folders.map(({ name }) => name), train: labelled(folders), nested, remarks };
  }
  const { train, validation, test } = found;
  if (train === undefined || (test ?? validation) === undefined)
    throw inputError(
      '--from',
      root.path,
      'train/ together with test/ (or val/)',
      train === undefined ? 'add the training split' : 'add the test split, or give the train folder itself',
    );
  const folders = classesOf(train, join(root.path, 'train'));
  const classes = folders.map(({ name }) => name);
  const part = (others: Classes): readonly LabelledFile[] => {
    const names = others.map(({ name }) => name);
    const unequal = [...classes, ...names].find((name) => !classes.includes(name) || !names.includes(name));
    if (unequal !== undefined)
      throw inputError(
        '--from',
        root.path,
        'the same classes in all splits',
        `${unequal} is in one of them only: names count with their case`,
      );
    return labelled(classesOf(others, root.path));
  };
  const files = labelled(folders);
  const tests = part((test ?? validation) as Classes);
  if (test === undefined) remarks.push('the validation folder is the test split: there is no other');
  const given = test === undefined || validation === undefined ? undefined : part(validation);
  return {
    classes,
    train: files,
    ...(given && { validation: given }),
    test: tests,
    nested,
    remarks,
  };
};
