import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import { equalSentences } from '../../nas/task/images/equal-images.ts';
import type { ImageCounts } from '../../nas/task/images/count-images.ts';
import { table } from '../runs/format.ts';
import type { FolderAccount } from './import-folder.ts';

interface ClassRow {
  readonly class: string;
  /** Without those for validation. */
  readonly train: number;
  /** Of the data set's own validation split; absent where it has none. */
  readonly validation?: number;
  readonly test: number;
}

/** Images of each class in each split. */
export const classRows = ({ classes }: ImageManifest, counts: ImageCounts): readonly ClassRow[] =>
  classes.map((name, label) => {
    const [train, test] = [counts.train[label] as number, counts.test[label] as number];
    const validation = counts.validation?.[label];
    return validation === undefined
      ? { class: name, train, test }
      : { class: name, train: train - validation, validation, test };
  });

/** Classes that are listed one by one. */
const LISTED = 40;

const countsTable = (rows: readonly ClassRow[]): string => {
  const columns = (['train', 'validation', 'test'] as const).filter((name) => rows[0]?.[name] !== undefined);
  const lines = rows.slice(0, LISTED).map((row) => [row.class, ...columns.map((name) => `${row[name]}`)]);
  const rest = rows.slice(LISTED);
  const span = (name: (typeof columns)[number]): string => {
    const numbers = rest.map((row) => row[name] as number);
    // A set has thousands of classes at most.
    return `${Math.min(...numbers)} to ${Math.max(...numbers)}`;
  };
  return table([
    ['class', ...columns],
    ...lines,
    ...(rest.length === 0 ? [] : [[`… ${rest.length} more, each`, ...columns.map(span)]]),
  ]);
};

/** What there is to say of an import, one line each. */
const accountLines = (
  { leftOut, links, nested, remarks, equal }: FolderAccount,
  testImages: number,
): readonly string[] => [
  ...Object.entries(leftOut).map(
    ([reason, { count, examples }]) =>
      `left out: ${count}, ${reason}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`,
  ),
  ...(links === 0 ? [] : [`links followed: ${links}`]),
  ...(nested === 0 ? [] : [`images in folders within those of their classes: ${nested}`]),
  ...remarks,
  ...equalSentences(equal, testImages).map((sentence) => `equal images: ${sentence}`),
  ...equal.examples.map(([a, b]) => `equal images, for example: ${a} and ${b}`),
];

/** What `nas data add` prints below its first line. */
export const accountText = (
  manifest: ImageManifest,
  counts: ImageCounts,
  account: FolderAccount | undefined,
): string =>
  [
    countsTable(classRows(manifest, counts)),
    ...(account === undefined ? [] : accountLines(account, manifest.splits.test.count)),
  ].join('\n');
