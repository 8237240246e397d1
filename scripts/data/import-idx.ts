import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../nas/core/hash.ts';
import { inputError } from '../../nas/core/input-error.ts';
import type { IdxArray } from '../../nas/task/images/idx.ts';
import { imageSetFromIdx, parseIdx } from '../../nas/task/images/idx.ts';
import type { IdxEntry } from './catalogue.ts';
import { gunzipped } from './gunzipped.ts';
import type { RawDataset } from '../../nas/task/images/raw-dataset.ts';

/** The file `name` or `name.gz` in `folder`, uncompressed; undefined where there is neither. */
const readIdxFile = async (
  folder: string,
  name: string,
): Promise<{ path: string; bytes: Uint8Array } | undefined> => {
  for (const path of [join(folder, `${name}.gz`), join(folder, name)]) {
    const raw = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw inputError('--from', path, 'a readable file', `make it readable: ${error.message}`, {
        cause: error,
      });
    });
    if (raw === undefined) continue;
    return { path, bytes: await gunzipped(raw, path) };
  }
  return undefined;
};

/**
 * Reads a data set of four idx files (plain or .gz) in `folder`, each checked against its pinned SHA-256.
 * Throws InputError naming the file that is missing or corrupt.
 */
export const importIdx = async (entry: IdxEntry, folder: string): Promise<RawDataset> => {
  const load = async (file: IdxEntry['files']['trainImages']): Promise<IdxArray> => {
    const found = await readIdxFile(folder, file.name);
    if (found === undefined) {
      const names = Object.values(entry.files).map(({ name }) => `${name}(.gz)`);
      throw inputError(
        '--from',
        join(folder, `${file.name}.gz`),
        `a folder with ${names.join(', ')}`,
        `put the missing file there; its origin is ${file.origin}`,
      );
    }
    const actual = sha256(found.bytes);
    if (actual !== file.sha256) {
      throw inputError(
        '--from',
        found.path,
        `a file whose uncompressed bytes have sha256 ${file.sha256}`,
        `this one has ${actual} (${found.bytes.length} bytes): fetch it again from ${file.origin}`,
      );
    }
    return parseIdx(found.bytes);
  };
  const classes = entry.classes.length;
  return {
    classes: entry.classes,
    train: imageSetFromIdx(await load(entry.files.trainImages), await load(entry.files.trainLabels), classes),
    test: imageSetFromIdx(await load(entry.files.testImages), await load(entry.files.testLabels), classes),
    source: entry.source,
    licence: entry.licence,
    verified: 'sha256 of each file',
  };
};
