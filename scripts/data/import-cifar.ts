import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { list } from 'tar';
import { inputError } from '../../nas/core/input-error.ts';
import { parseCifarBinary } from '../../nas/task/images/cifar-binary.ts';
import type { ImageSet } from '../../nas/task/images/image-set.ts';
import { concatenateImages } from '../../nas/task/images/image-set.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';
import type { CifarEntry } from './catalogue.ts';
import { entriesOf } from './read-input.ts';

const wantedFiles = (entry: CifarEntry): readonly string[] => [...entry.trainFiles, ...entry.testFiles];

/** The wanted members of the official archive by base name, after its MD5 was found right. */
const readArchive = async (entry: CifarEntry, path: string): Promise<Map<string, Buffer>> => {
  const archive = await readFile(path).catch((cause: Error) => {
    throw inputError('--from', path, 'a readable file', cause.message, { cause });
  });
  const md5 = createHash('md5').update(archive).digest('hex');
  if (md5 !== entry.archive.md5) {
    throw inputError(
      '--from',
      path,
      `the official ${entry.archive.name}, md5 ${entry.archive.md5}; a folder with its extracted .bin files; or a folder of images`,
      `this file has md5 ${md5} (${archive.length} bytes): fetch it again from ${entry.archive.origin}`,
    );
  }
  const wanted = new Set(wantedFiles(entry));
  const members = new Map<string, Buffer>();
  await list({
    file: path,
    onReadEntry: (member) => {
      const name = basename(member.path);
      if (!wanted.has(name)) return;
      const chunks: Buffer[] = [];
      member.on('data', (chunk: Buffer) => chunks.push(chunk));
      member.on('end', () => members.set(name, Buffer.concat(chunks)));
    },
  });
  return members;
};

/**
 * The folder that holds the extracted .bin files: the given one, or the one the archive extracts to inside
 * it.
 */
export const cifarFolder = async (entry: CifarEntry, folder: string): Promise<string | undefined> => {
  const inner = (await entriesOf(folder))
    .filter(({ kind }) => kind === 'folder')
    .map(({ name }) => join(folder, name));
  for (const candidate of [folder, ...inner]) {
    const names = (await entriesOf(candidate)).map(({ name }) => name);
    if (wantedFiles(entry).some((file) => names.includes(file))) return candidate;
  }
  return undefined;
};

const readFolder = async (entry: CifarEntry, folder: string): Promise<Map<string, Buffer>> => {
  const files = new Map<string, Buffer>();
  for (const name of wantedFiles(entry)) {
    const body = await readFile(join(folder, name)).catch((cause: Error) => {
      throw inputError(
        '--from',
        join(folder, name),
        `a folder with ${wantedFiles(entry).join(', ')}`,
        `put the missing file there; it is in ${entry.archive.name} (${entry.archive.origin})`,
        { cause },
      );
    });
    files.set(name, body);
  }
  return files;
};

/**
 * Reads CIFAR-10 or CIFAR-100 from the official binary archive (checked against its published MD5), or from a
 * folder of the files it extracts to (checked by record structure, labels and counts). Throws InputError
 * naming the file that is missing or corrupt.
 */
export const importCifar = async (
  entry: CifarEntry,
  path: string,
  kind: 'archive' | 'folder',
): Promise<RawDataset> => {
  const files = kind === 'archive' ? await readArchive(entry, path) : await readFolder(entry, path);
  const parse = (names: readonly string[], expected: number): ImageSet => {
    const sets = names.map((name) => {
      const where = kind === 'archive' ? `${path}, member ${name}` : join(path, name);
      const bytes = files.get(name);
      try {
        if (bytes === undefined) throw new RangeError('missing');
        return parseCifarBinary(bytes, entry.labelBytes, entry.classes.length);
      } catch (cause) {
        throw inputError(
          '--from',
          where,
          `records of ${entry.archive.name}`,
          `${(cause as Error).message}; fetch it again`,
          {
            cause,
          },
        );
      }
    });
    const set = concatenateImages(sets);
    if (set.labels.length !== expected) {
      throw inputError(
        '--from',
        path,
        `${expected} images in ${names.join(', ')}`,
        `there are ${set.labels.length}; fetch them again`,
      );
    }
    return set;
  };
  return {
    classes: entry.classes,
    train: parse(entry.trainFiles, entry.counts.train),
    test: parse(entry.testFiles, entry.counts.test),
    source: entry.source,
    licence: entry.licence,
    verified:
      kind === 'archive'
        ? 'md5 of the official archive'
        : 'record structure, labels and counts of the extracted files',
  };
};
