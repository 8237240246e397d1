import { open, realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { inputError } from '../../nas/core/input-error.ts';
import { fileKind, IMAGE_FORMATS, SIGNATURE_BYTES } from './image-kind.ts';
import type { ImageFile } from './image-file.ts';
import type { LeftOutCounter } from './left-out.ts';
import { allEntriesOf, type Entry } from './read-input.ts';

/** A folder of images, links followed. */
export interface ImageFolderTree {
  readonly name: string;
  readonly path: string;
  readonly folders: readonly ImageFolderTree[];
  readonly images: readonly ImageFile[];
  /** Links that lead nowhere: of a class they would be a class that is missing. */
  readonly brokenLinks: readonly string[];
  /** Text files that hold the path of something there is, as git writes links where it cannot make them. */
  readonly writtenLinks: readonly string[];
}

/** A file that is meant to be an image and is none. */
export interface BrokenFile {
  readonly path: string;
  readonly why: string;
}

interface Walked {
  readonly root: ImageFolderTree;
  readonly links: number;
  /** Files named as images whose content is something else. */
  readonly broken: readonly BrokenFile[];
}

/** What operating systems and file servers put into folders. */
const SYSTEM = /^(?:\.DS_Store|\._.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|__MACOSX|@eaDir|Icon\r)$/i;
const IMAGE_NAME = /\.(?:png|jpe?g|jfif|webp|tiff?|gif|bmp|dib|avif|p[bgpn]m)$/i;
/** Folders within folders: deeper ones are no data set, and links can make them without end. */
const DEPTH = 32;
const FOLDERS = 1_000_000;

const readHead = async (path: string): Promise<Buffer> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const isWrittenLink = async (folder: string, head: Buffer): Promise<boolean> => {
  const text = head.toString('utf8');
  if (head.length === SIGNATURE_BYTES || !text.includes('/') || [...text].some((sign) => sign < ' '))
    return false;
  return stat(resolve(folder, text)).then(
    () => true,
    () => false,
  );
};

/**
 * Reads a folder and all folders in it. Every entry is either an image, told by its content, or left out for
 * a reason that is counted, or broken. Links are followed, except to folders that hold them. Throws
 * InputError where a folder cannot be read or folders have no end.
 */
export const walkFolder = async (root: string, leftOut: LeftOutCounter): Promise<Walked> => {
  const broken: BrokenFile[] = [];
  let links = 0;
  let folders = 0;
  const limit = pLimit(8 * availableParallelism());

  const walk = async (path: string, name: string, above: readonly string[]): Promise<ImageFolderTree> => {
    if (above.length > DEPTH || ++folders > FOLDERS)
      throw inputError(
        '--from',
        path,
        `folders at most ${DEPTH} deep, ${FOLDERS} of them`,
        'check its links: they may lead round in a circle',
      );
    const within = [...above, await realpath(path)];
    const subfolders: ImageFolderTree[] = [];
    const brokenLinks: string[] = [];
    const writtenLinks: string[] = [];

    const file = async (entry: Entry): Promise<ImageFile | undefined> => {
      const filePath = join(path, entry.name);
      let head: Buffer;
      try {
        head = await readHead(filePath);
      } catch (error) {
        broken.push({ path: filePath, why: `cannot be read (${(error as NodeJS.ErrnoException).code})` });
        return undefined;
      }
      const kind = fileKind(head);
      if (kind.kind === 'image') return { path: filePath, format: kind.format };
      const written = kind.what === 'not an image' && (await isWrittenLink(path, head));
      if (written) writtenLinks.push(filePath);
      if (IMAGE_NAME.test(entry.name))
        broken.push({
          path: filePath,
          why: written
            ? `holds the path ${head.toString('utf8')}, as git writes links where it cannot make them`
            : `is ${kind.what === 'not an image' ? 'no image' : `an ${kind.what}`.replace(/^an (?=[^aeiouI])/, 'a ')}`,
        });
      else if (!written)
        leftOut.add(
          kind.what === 'not an image'
            ? `not an image (${extname(entry.name).toLowerCase() || 'no extension'})`
            : kind.what,
          filePath,
        );
      return undefined;
    };

    const files: Promise<ImageFile | undefined>[] = [];
    for (const entry of await allEntriesOf(path)) {
      const entryPath = join(path, entry.name);
      if (SYSTEM.test(entry.name)) leftOut.add('of the operating system', entryPath);
      else if (entry.name.startsWith('.')) leftOut.add('hidden: its name begins with a dot', entryPath);
      else if (entry.kind === 'broken link') {
        leftOut.add('link that leads nowhere', entryPath);
        brokenLinks.push(entryPath);
      } else if (entry.kind === 'unreadable') broken.push({ path: entryPath, why: 'cannot be read' });
      else if (entry.kind === 'other') leftOut.add('neither file nor folder', entryPath);
      else if (entry.kind === 'file') {
        if (entry.isLink) links++;
        files.push(limit(() => file(entry)));
      } else if (entry.isLink && within.includes(await realpath(entryPath)))
        leftOut.add('link to a folder that holds it', entryPath);
      else {
        if (entry.isLink) links++;
        subfolders.push(await walk(entryPath, entry.name, within));
      }
    }
    const images = (await Promise.all(files)).filter((image) => image !== undefined);
    return { name: name.normalize('NFC'), path, folders: subfolders, images, brokenLinks, writtenLinks };
  };

  const tree = await walk(root, '', []);
  return { root: tree, links, broken };
};

/** All images of a folder, those in its folders after its own. */
export const imagesWithin = (folder: ImageFolderTree): readonly ImageFile[] => [
  ...folder.images,
  ...folder.folders.flatMap(imagesWithin),
];

/** Refuses broken files, all of them at once, or leaves them out. */
export const settleBroken = (broken: readonly BrokenFile[], skip: boolean, leftOut: LeftOutCounter): void => {
  if (broken.length === 0) return;
  if (skip) {
    for (const { path } of broken) leftOut.add('broken', path);
    return;
  }
  const listed = broken.slice(0, 10).map(({ path, why }) => `${path} ${why}`);
  const rest = broken.length - listed.length;
  throw inputError(
    '--from',
    (broken[0] as BrokenFile).path,
    `a whole image file (${IMAGE_FORMATS}), as everything that is named or begins as one`,
    `replace or remove ${broken.length === 1 ? 'it' : `these ${broken.length} files`}, or leave them out with --skip-broken: ` +
      `${listed.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`,
  );
};
