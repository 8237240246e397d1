import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodeText } from '../../nas/core/decode-text.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { TEXT_SPLITS, type TextSplit } from '../../nas/task/text/manifest.ts';
import { END_OF_LINE, linesOf, tokensOf } from '../../nas/task/text/vocabulary.ts';
import { gunzipped } from './gunzipped.ts';
import { allEntriesOf, kindOfPath } from './read-input.ts';

export type Texts = Readonly<Record<TextSplit, string>>;

/** Three texts, and what there is to say of how they were read. */
export interface ImportedTexts {
  readonly texts: Texts;
  readonly remarks: readonly string[];
}

/** Names of files that folders of texts have, each of them plain or with `.gz` behind it. */
const LAYOUTS: readonly Readonly<Record<TextSplit, string>>[] = [
  { train: 'ptb.train.txt', validation: 'ptb.valid.txt', test: 'ptb.test.txt' },
  { train: 'wiki.train.tokens', validation: 'wiki.valid.tokens', test: 'wiki.test.tokens' },
  { train: 'train.txt', validation: 'valid.txt', test: 'test.txt' },
];
const layoutText = (layout: Texts): string => TEXT_SPLITS.map((split) => layout[split]).join(', ');
const FOLDERS = `a folder with ${LAYOUTS.map(layoutText).join('; or ')}; each plain or .gz`;

const readBytes = async (path: string): Promise<Uint8Array> => {
  if ((await kindOfPath(path)) === 'folder')
    throw inputError('--from', path, 'a text file of this name', 'this is a folder: name the file itself');
  const bytes = await readFile(path).catch((cause: Error) => {
    throw inputError('--from', path, 'a file that can be read', `make it readable: ${cause.message}`, {
      cause,
    });
  });
  return gunzipped(bytes, path);
};

/** What the bytes say that the text does not. */
const remarksOn = (bytes: Uint8Array, name: string): readonly string[] => [
  ...(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    ? [`${name}: the byte order mark at its beginning is no part of the text`]
    : []),
  ...(bytes.includes(0x0d) ? [`${name}: carriage returns end lines, alone or before a line feed`] : []),
];

const checkWords = (text: string, path: string, what: string): void => {
  let words = 0;
  let tokens = 0;
  for (const token of tokensOf(text)) {
    if (token !== END_OF_LINE) words++;
    tokens++;
  }
  if (words === 0)
    throw inputError('--from', path, `${what} of at least one word`, 'it is empty: name the text itself');
  if (tokens !== words + linesOf(text).length)
    throw inputError(
      '--from',
      path,
      `texts without the token ${END_OF_LINE}, which is put after every line`,
      `remove it from the text: sed 's/ *${END_OF_LINE} *$//'`,
    );
};

const readText = async (path: string): Promise<{ text: string; remarks: readonly string[] }> => {
  const bytes = await readBytes(path);
  return { text: decodeText(bytes, path), remarks: remarksOn(bytes, basename(path)) };
};

/** The layout of which a folder has the most; all of it, or the missing file is named. */
const filesIn = async (folder: string): Promise<Texts> => {
  const names = new Set((await allEntriesOf(folder)).map(({ name }) => name));
  const found = LAYOUTS.map((layout) => {
    const files = TEXT_SPLITS.map(
      (split) => [split, [layout[split], `${layout[split]}.gz`].find((name) => names.has(name))] as const,
    );
    return { layout, files, count: files.filter(([, file]) => file !== undefined).length };
  }).sort((a, b) => b.count - a.count);
  const [best, next] = found;
  if (best === undefined || best.count === 0)
    throw inputError(
      '--from',
      folder,
      FOLDERS,
      'name the folder that holds the three files, or one text with --split',
    );
  if (next !== undefined && next.count === TEXT_SPLITS.length)
    throw inputError(
      '--from',
      folder,
      'a folder with one text in three parts',
      `it has ${layoutText(best.layout)}, and ${layoutText(next.layout)}: leave one of them`,
    );
  const missing = best.files.find(([, file]) => file === undefined);
  if (missing !== undefined)
    throw inputError(
      '--from',
      join(folder, best.layout[missing[0]]),
      `all of ${layoutText(best.layout)}, each plain or .gz`,
      `put the ${missing[0]} split there: it is missing`,
    );
  return Object.fromEntries(
    best.files.map(([split, file]) => [split, join(folder, file as string)]),
  ) as Texts;
};

/** Percent of a text's lines for training, validation and testing, in this order. */
type SplitShares = readonly [number, number, number];

/** `80/10/10`. Throws `InputError` for anything else that is no three positive numbers which make 100. */
export const parseShares = (text: string): SplitShares => {
  const [train = 0, validation = 0, test = 0] = /^\d+\/\d+\/\d+$/.test(text)
    ? text.split('/').map(Number)
    : [];
  const shares = [train, validation, test] as const;
  if (shares.includes(0) || train + validation + test !== 100)
    throw inputError(
      '--split',
      text,
      'TRAIN/VALID/TEST, whole percent of the lines, each above 0, together 100',
      'for example --split 80/10/10',
    );
  return shares;
};

/** A text's lines, the first of them for training, the next for validation, the last for testing. */
const cutText = (text: string, [train, validation]: SplitShares): Texts => {
  const lines = linesOf(text);
  const at = (percent: number): number => Math.round((lines.length * percent) / 100);
  const part = (from: number, to: number): string =>
    lines
      .slice(at(from), at(to))
      .map((line) => `${line}\n`)
      .join('');
  return {
    train: part(0, train),
    validation: part(train, train + validation),
    test: part(train + validation, 100),
  };
};

/**
 * Reads a text in three parts: a folder of three files, or one file whose lines `shares` cut. Throws
 * `InputError` where a file is missing, a folder, empty, not UTF-8 or no text.
 */
export const importText = async (from: string, shares: SplitShares | undefined): Promise<ImportedTexts> => {
  if ((await kindOfPath(from)) === 'file') {
    const { text, remarks } = await readText(from);
    checkWords(text, from, 'a text');
    if (shares === undefined)
      throw inputError(
        '--split',
        null,
        'how one file is split: TRAIN/VALID/TEST',
        'for example --split 80/10/10',
      );
    const texts = cutText(text, shares);
    for (const split of TEXT_SPLITS) checkWords(texts[split], from, `a text with a ${split} split`);
    return { texts, remarks };
  }
  if (shares !== undefined)
    throw inputError(
      '--split',
      shares.join('/'),
      'given with one file',
      'a folder has its splits: leave it out',
    );
  const files = await filesIn(from);
  const read = {
    train: await readText(files.train),
    validation: await readText(files.validation),
    test: await readText(files.test),
  };
  for (const split of TEXT_SPLITS) checkWords(read[split].text, files[split], 'a text');
  return {
    texts: { train: read.train.text, validation: read.validation.text, test: read.test.text },
    remarks: TEXT_SPLITS.flatMap((split) => read[split].remarks),
  };
};
