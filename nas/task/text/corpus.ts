import { inputError } from '../../core/input-error.ts';
import { baselinesOf } from './baselines.ts';
import type { TextManifest, TextSplit } from './manifest.ts';
import {
  frequentTypes,
  idsOf,
  tokensOf,
  UNKNOWN,
  VOCABULARY_LIMIT,
  vocabularyOf,
  type Vocabulary,
} from './vocabulary.ts';

/** A text in memory, in ids. */
export interface Corpus {
  readonly vocabulary: Vocabulary;
  readonly splits: Readonly<Record<TextSplit, Uint16Array>>;
}

/**
 * Numbers the tokens of three texts. With `size`, only so many types stay, the most frequent ones of the
 * training text; all others become `<unk>`. Throws `InputError` where there are more than `VOCABULARY_LIMIT`.
 */
export const corpusOf = (texts: Readonly<Record<TextSplit, string>>, size?: number): Corpus => {
  const kept = size === undefined ? undefined : frequentTypes(tokensOf(texts.train), size);
  function* streamOf(text: string): Generator<string> {
    for (const token of tokensOf(text)) yield kept === undefined || kept.has(token) ? token : UNKNOWN;
  }
  const { train, validation, test } = texts;
  const vocabulary = vocabularyOf(streamOf(train), streamOf(validation), streamOf(test));
  if (vocabulary.length > VOCABULARY_LIMIT)
    throw inputError(
      'vocabulary',
      `${vocabulary.length} types`,
      `at most ${VOCABULARY_LIMIT}`,
      'keep the most frequent ones with --vocabulary N; all others become <unk>',
    );
  const ids = (name: TextSplit): Uint16Array => idsOf(streamOf(texts[name]), vocabulary, name);
  return {
    vocabulary,
    splits: { train: ids('train'), validation: ids('validation'), test: ids('test') },
  };
};

/** Perplexities of validation and test text under models of the training text, and their unseen tokens. */
export const evaluatedParts = ({
  vocabulary,
  splits: { train, validation, test },
}: Corpus): TextManifest['baselines'] => {
  const baselines = baselinesOf(train, vocabulary.length, { validation, test });
  const seen = new Set(train);
  const unseen = (tokens: Uint16Array): number => tokens.reduce((sum, id) => sum + (seen.has(id) ? 0 : 1), 0);
  return {
    validation: { ...baselines.validation, unseen: unseen(validation) },
    test: { ...baselines.test, unseen: unseen(test) },
  };
};
