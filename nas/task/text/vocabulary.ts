import { inputError } from '../../core/input-error.ts';
import { suggestion } from '../../core/nearest.ts';

/** Ends every line. */
export const END_OF_LINE = '<eos>';
/** Stands for types that a vocabulary leaves out. */
export const UNKNOWN = '<unk>';

/** Ids are stored in two bytes, and a softmax over more types fits no cell of the searches here. */
export const VOCABULARY_LIMIT = 65_536;

/** What Unicode calls white space, and nothing else: a zero-width space is none. */
const WHITE_SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const LINE_END = /\r\n|\r|\n/;

/** Types of a data set; an id is an index into this list. */
export type Vocabulary = readonly string[];

/** The lines of a text, however they end, and whether the last one does or not. */
export const linesOf = (text: string): readonly string[] => {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/**
 * The tokens of a text: every line split at white space, and `<eos>` after it; an empty line is `<eos>` alone
 * (quark0/darts, rnn/data.py).
 */
export function* tokensOf(text: string): Generator<string> {
  for (const line of linesOf(text)) {
    for (const word of line.split(WHITE_SPACE)) if (word !== '') yield word;
    yield END_OF_LINE;
  }
}

/** Numbers types by their first appearance in the token streams, which are read in the given order. */
export const vocabularyOf = (...streams: readonly Iterable<string>[]): Vocabulary => {
  const types = new Set<string>();
  for (const stream of streams) for (const token of stream) types.add(token);
  return [...types];
};

/**
 * The `size` types that a token stream has most often, `<unk>` and `<eos>` among them; of equals the first.
 */
export const frequentTypes = (stream: Iterable<string>, size: number): ReadonlySet<string> => {
  const counts = new Map<string, number>();
  for (const token of stream) counts.set(token, (counts.get(token) ?? 0) + 1);
  const others = [...counts].filter(([type]) => type !== UNKNOWN && type !== END_OF_LINE);
  others.sort(([, a], [, b]) => b - a);
  return new Set([UNKNOWN, END_OF_LINE, ...others.slice(0, size - 2).map(([type]) => type)]);
};

/**
 * Ids of tokens. A token that is not in the vocabulary has none: throws `InputError` with the nearest type,
 * `place` being where the tokens are from.
 */
export const idsOf = (
  tokens: Iterable<string>,
  vocabulary: Vocabulary,
  place: string,
): Uint16Array<ArrayBuffer> => {
  const ids = new Map(vocabulary.map((type, id) => [type, id]));
  return Uint16Array.from(tokens, (token) => {
    const id = ids.get(token);
    if (id === undefined)
      throw inputError(
        place,
        token,
        `the ${vocabulary.length} types of the vocabulary`,
        suggestion(token, vocabulary, `write ${ids.has(UNKNOWN) ? UNKNOWN : 'another word'} in its place`),
      );
    return id;
  });
};
