import { readFile, realpath } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { CsvError } from 'csv-parse/sync';
import { csvLines } from '../../nas/core/csv-lines.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { foldedName, isUnprintable } from './class-name.ts';
import { splitCalled, type LabelledFile, type SplitKind, type StructuredImages } from './folder-structure.ts';
import type { ImageFile } from './image-file.ts';
import type { LeftOutCounter } from './left-out.ts';

/** Names that the columns have in the wild, in lower case without separators. */
const COLUMNS = {
  path: [
    'path',
    'file',
    'filename',
    'filepath',
    'imagepath',
    'image',
    'imagename',
    'imagefile',
    'imageid',
    'img',
    'imgpath',
  ],
  label: ['label', 'labels', 'class', 'classname', 'category', 'target', 'labelname', 'y'],
  split: ['split', 'set', 'subset', 'partition', 'dataset', 'usage'],
} as const;
type Column = keyof typeof COLUMNS;

const columnCalled = (name: string): Column | undefined => {
  const plain = name.toLowerCase().replace(/[\s_.-]/g, '');
  return (Object.keys(COLUMNS) as Column[]).find((column) =>
    (COLUMNS[column] as readonly string[]).includes(plain),
  );
};

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

const unquoted = (line: string): string => line.replace(/"(?:[^"]|"")*"/g, '');

/** A tab, a semicolon, a comma, a bar or blanks: the first of them that the line has outside of quotes. */
const delimiterOf = (line: string): string =>
  ['\t', ';', ',', '|', ' '].find((mark) => unquoted(line).trim().includes(mark)) ?? ',';

const isComment = (line: string): boolean => /^\s*#/.test(line);

/** A table as csv-parse reads it: every line where it was, and its mark between cells. */
interface Dialect {
  readonly text: string;
  readonly delimiter: string;
  /** First cells of comments, as they would be read if they were rows. */
  readonly comments: readonly { readonly line: number; readonly cell: string }[];
}

/**
 * Settles what CSV leaves open: the mark between cells, perhaps told by a first line `sep=;` as spreadsheets
 * write it, and whether the last comment above the rows is their header.
 */
const dialectOf = (table: string): Dialect => {
  const lines = table.split(/\r\n|\n|\r/);
  const told = /^sep=(.)$/i.exec(lines[0]?.trim() ?? '')?.[1];
  if (told !== undefined) lines[0] = '';
  const first = lines.findIndex((line) => line.trim() !== '' && !isComment(line));
  const delimiter = told ?? delimiterOf(lines[first] ?? '');
  const header = lines.slice(0, Math.max(first, 0)).findLastIndex(isComment);
  const named = (lines[header] ?? '').replace(/^\s*#+/, '');
  const names = named.split(delimiter).map((name) => name.replaceAll('"', '').trim());
  const columns = names.map((name) => (name.toLowerCase() === 'id' ? 'path' : columnCalled(name)));
  if (columns.includes('path') && columns.includes('label')) lines[header] = named;
  const comments = lines.flatMap((line, i) =>
    isComment(line) ? [{ line: i + 1, cell: (line.split(delimiter)[0] ?? '').trim() }] : [],
  );
  const text = lines.map((line) => (isComment(line) ? '' : line)).join('\n');
  // Where blanks part the cells, several do as one.
  return { text: delimiter === ' ' ? text.replace(/ +/g, ' ') : text, delimiter, comments };
};

interface Table {
  readonly rows: readonly Row[];
  readonly comments: Dialect['comments'];
}

const readTable = async (file: string): Promise<Table> => {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw inputError('--labels', file, 'a file that can be read', cause.message, { cause });
  });
  let table: string;
  try {
    // Of a byte order mark the decoder takes leave itself.
    table = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw inputError('--labels', file, 'text in UTF-8', 'save the table as CSV in UTF-8', { cause });
  }
  const { text, delimiter, comments } = dialectOf(table);
  try {
    const rows = csvLines(text, {
      delimiter,
      record_delimiter: '\n',
      skip_records_with_empty_values: true,
    });
    return { rows, comments };
  } catch (cause) {
    throw inputError(
      '--labels',
      file,
      'a CSV file with as many cells in every line',
      cause instanceof CsvError ? `repair it: ${cause.message}` : 'repair it',
      { cause },
    );
  }
};

const HEADER = 'path,label or path,label,split (also file, filename, image; class, category; set, subset)';

/**
 * Where the columns are, and the rows below the header; without a header they are path, label and split in
 * this order.
 */
const columnsOf = (
  rows: readonly Row[],
  file: string,
): { readonly at: Partial<Record<Column, number>>; readonly body: readonly Row[] } => {
  const [first] = rows;
  if (first === undefined)
    throw inputError('--labels', file, `a CSV file with the columns ${HEADER}`, 'it is empty');
  const at: Partial<Record<Column, number>> = {};
  // An id is a name of an image where there is no other.
  const hasPath = first.cells.some((name) => columnCalled(name) === 'path');
  for (const [i, name] of first.cells.entries()) {
    const column = columnCalled(name) ?? (!hasPath && name.toLowerCase() === 'id' ? 'path' : undefined);
    if (column === undefined) continue;
    if (at[column] !== undefined)
      throw inputError(
        '--labels',
        `${file}, line ${first.line}`,
        `one column for the ${column}`,
        `rename or remove ${first.cells[at[column]]} or ${name}`,
      );
    at[column] = i;
  }
  if (at.path !== undefined && at.label !== undefined) return { at, body: rows.slice(1) };
  if (Object.keys(at).length === 0 && first.cells.length >= 2 && first.cells.length <= 3)
    return { at: { path: 0, label: 1, ...(first.cells.length === 3 ? { split: 2 } : {}) }, body: rows };
  throw inputError(
    '--labels',
    `${file}, line ${first.line}`,
    `a header with the columns ${HEADER}`,
    `name the columns so (found: ${first.cells.slice(0, 10).join(', ')})`,
  );
};

/** Numbers in their order, else names in that of their code units. */
const sortedClasses = (labels: ReadonlySet<string>): readonly string[] => {
  const names = [...labels].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return names.every((name) => /^\d{1,9}$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
};

/**
 * The images that a table lists with their labels, and perhaps splits; paths are relative to `folder`.
 * `images` are those that are in the folder. Throws InputError with the lines that are wrong.
 */
export const readLabelFile = async (
  file: string,
  folder: string,
  images: readonly ImageFile[],
  leftOut: LeftOutCounter,
): Promise<StructuredImages> => {
  const { rows, comments } = await readTable(file);
  const { at, body } = columnsOf(rows, file);
  const wrong: string[] = [];
  const byPath = new Map(images.map((image) => [resolve(image.path), image]));
  const named = (nameOf: (path: string) => string): ReadonlyMap<string, ImageFile | 'several'> => {
    const found = new Map<string, ImageFile | 'several'>();
    for (const [path, image] of byPath) {
      const name = nameOf(path).normalize('NFC');
      found.set(name, found.has(name) ? 'several' : image);
    }
    return found;
  };
  // Names with accents may be composed in the table and not on the disk, or the other way round; ids have no
  // extension.
  const composed = named((path) => path);
  const withoutExtension = named((path) => path.slice(0, path.length - extname(path).length));
  const imageCalled = async (path: string): Promise<ImageFile | 'several' | undefined> => {
    const full = resolve(folder, path.replaceAll('\\', '/'));
    return (
      byPath.get(full) ??
      byPath.get(await realpath(full).catch(() => full)) ??
      composed.get(full.normalize('NFC')) ??
      withoutExtension.get(full.normalize('NFC'))
    );
  };
  for (const { line, cell } of comments)
    if ((await imageCalled(cell.replaceAll('"', ''))) !== undefined)
      wrong.push(
        `line ${line} is a comment, and ${cell} is an image: put quotes around the name, or remove the line`,
      );
  const seen = new Map<
    string,
    { readonly line: number; readonly label: string; readonly split: SplitKind | undefined }
  >();
  const found: {
    readonly image: ImageFile;
    readonly label: string;
    readonly split: SplitKind | undefined;
  }[] = [];
  for (const { line, cells } of body) {
    const [path, label] = [at.path, at.label].map((i) => cells[i as number] ?? '') as [string, string];
    const named = at.split === undefined ? undefined : (cells[at.split] ?? '');
    const split = named === undefined ? undefined : splitCalled(named);
    if (path === '' || label === '') {
      wrong.push(`line ${line} has no ${path === '' ? 'path' : 'label'}`);
      continue;
    }
    if (named !== undefined && split === undefined) {
      wrong.push(`line ${line}: split ${JSON.stringify(named)} is none of train, val, test`);
      continue;
    }
    const image = await imageCalled(path);
    if (image === 'several') {
      wrong.push(
        `line ${line}: ${path} may be several images of the folder, which differ in their extensions or their accents’ encoding`,
      );
      continue;
    }
    if (image === undefined) {
      wrong.push(`line ${line}: ${path} is no image of the folder`);
      continue;
    }
    const before = seen.get(image.path);
    const name = label.normalize('NFC');
    if (isUnprintable(name)) {
      wrong.push(`line ${line}: the class ${JSON.stringify(name)} has characters that cannot be shown`);
      continue;
    }
    if (before !== undefined) {
      if (before.label !== name || before.split !== split)
        wrong.push(`lines ${before.line} and ${line} contradict each other on ${path}`);
      else leftOut.add('listed twice in the table', image.path);
      continue;
    }
    seen.set(image.path, { line, label: name, split });
    found.push({ image, label: name, split });
  }
  if (wrong.length > 0)
    throw inputError(
      '--labels',
      file,
      'a table whose every line names an image of the folder and its label',
      `repair it: ${wrong.slice(0, 10).join('; ')}${wrong.length > 10 ? `; and ${wrong.length - 10} more` : ''}`,
    );
  for (const image of images) if (!seen.has(image.path)) leftOut.add('not listed in the table', image.path);
  const classes = sortedClasses(new Set(found.map(({ label }) => label)));
  if (classes.length < 2)
    throw inputError(
      '--labels',
      file,
      'labels of at least two classes',
      classes.length === 0 ? 'list images' : `all are of class ${classes[0]}`,
    );
  const twin = classes.find(
    (name, i) => classes.findIndex((other) => foldedName(other) === foldedName(name)) < i,
  );
  if (twin !== undefined) {
    const others = classes.filter((name) => foldedName(name) === foldedName(twin));
    throw inputError(
      '--labels',
      file,
      'classes whose names differ by more than case',
      `write one of ${others.join(', ')} everywhere`,
    );
  }
  const indices = new Map(classes.map((name, i) => [name, i]));
  const part = (wanted: SplitKind | undefined): readonly LabelledFile[] =>
    found
      .filter(({ split }) => split === wanted)
      .map(({ image, label }) => ({ ...image, label: indices.get(label) as number }));
  if (at.split === undefined)
    return { classes, train: part(undefined), nested: 0, remarks: ['labels are those of the table'] };
  const [train, validation, test] = [part('train'), part('validation'), part('test')];
  const given = { train, ...(validation.length > 0 && { validation }), ...(test.length > 0 && { test }) };
  for (const [name, files] of Object.entries({
    train,
    ...(test.length + validation.length === 0 ? { test } : given),
  })) {
    const missing = classes.find((_, label) => !files.some((item) => item.label === label));
    if (missing !== undefined)
      throw inputError(
        '--labels',
        file,
        `images of every class in the ${name} split`,
        `class ${missing} has none there`,
      );
  }
  const remarks = ['labels and splits are those of the table'];
  if (test.length > 0) return { classes, ...given, nested: 0, remarks };
  remarks.push('the validation split of the table is the test split: there is no other');
  return { classes, train, test: validation, nested: 0, remarks };
};
