import type { ProgramTask } from '../../../job/program-spec.ts';
import { columnsOf, spanTokens } from '../../../task/text/columns.ts';
import { cutsOf, textPasses, type ColumnPass } from '../../../task/text/cuts.ts';
import type { TextTypes } from '../../../task/text/language-modelling.ts';
import type { TextManifest, TextSplit } from '../../../task/text/manifest.ts';
import { openText, openVocabulary } from '../../../task/text/open-text.ts';
import type { Vocabulary } from '../../../task/text/vocabulary.ts';
import type { Feed, Minibatch, ProgramFeeds } from '../feed.ts';
import type { DataFiles } from '../tensor-task.ts';

/** A text as programs see it; the tokens of a split are loaded by its first minibatch. */
export interface TextSource {
  /** Types. */
  readonly vocabulary: number;
  readonly counts: Readonly<Record<TextSplit, number>>;
  open(split: TextSplit): Promise<Uint16Array>;
  /** Its types, by id. */
  types(): Promise<Vocabulary>;
}

/** A stored data set. */
export const textSource = (manifest: TextManifest, { bytes }: DataFiles): TextSource => ({
  vocabulary: manifest.vocabulary.size,
  counts: {
    train: manifest.splits.train.count,
    validation: manifest.splits.validation.count,
    test: manifest.splits.test.count,
  },
  open: (split) => openText(manifest, split, bytes),
  types: () => openVocabulary(manifest, bytes),
});

/** Windows have one shape, as long as the longest: `length` says how many rows are read. */
const WINDOW = 'window';

/**
 * Windows of a text: tokens `x` and those that come next `y`, int32 [T, B], how many rows count, and whether
 * the state before them is zero (1) or that of the window before (0).
 */
const textFeed = (name: string, pass: ColumnPass, open: () => Promise<Uint16Array>): Feed => {
  const { columns: batch, longest, steps, window, begins, rateScale } = pass;
  const shape = [longest, batch];
  const padded = (tokens: Int32Array): Int32Array => {
    const all = new Int32Array(longest * batch);
    all.set(tokens);
    return all;
  };
  let opened: Promise<ReturnType<typeof columnsOf>> | undefined;
  return {
    name,
    shapes: {
      [WINDOW]: {
        x: { shape, dtype: 'int32' },
        y: { shape, dtype: 'int32' },
        length: { shape: [], dtype: 'int32' },
        begins: { shape: [], dtype: 'float32' },
      },
    },
    steps,
    size: (epoch, index) => batch * window(epoch, index).length,
    batch: async (epoch, index): Promise<Minibatch> => {
      const columns = await (opened ??= open().then((tokens) => columnsOf(tokens, batch)));
      const span = window(epoch, index);
      const { x, y } = spanTokens(columns, span);
      return {
        shape: WINDOW,
        tensors: {
          x: { dtype: 'int32', shape, data: padded(x) },
          y: { dtype: 'int32', shape, data: padded(y) },
          length: { dtype: 'int32', shape: [], data: Int32Array.of(span.length) },
          begins: { dtype: 'float32', shape: [], data: Float32Array.of(begins(index) ? 1 : 0) },
        },
        valid: batch * span.length,
        ...(rateScale && { rateScale: rateScale(epoch, index) }),
      };
    },
    close: async () => {},
  };
};

/** The text of a program. */
export const openTexts = async (
  { counts, open }: TextSource,
  { recipe, seed }: ProgramTask<TextTypes>,
): Promise<ProgramFeeds> => {
  const passes = textPasses(counts, recipe, seed);
  const feed = (name: string, pass: ColumnPass): Feed => textFeed(name, pass, () => open(pass.part));
  return {
    cuts: cutsOf(passes),
    training: (part, purpose) => feed(purpose, passes.training(part, purpose)),
    drawn: (purpose) => feed(purpose, passes.drawn(purpose)),
    inOrder: (part) => feed(part, passes.inOrder(part)),
  };
};
