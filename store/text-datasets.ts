import { evaluatedParts, type Corpus } from '../nas/task/text/corpus.ts';
import { textHash, type TextManifest, type TextSplit } from '../nas/task/text/manifest.ts';
import { encodeTokens, encodeVocabulary, SHARD_TOKENS } from '../nas/task/text/token-shard.ts';
import { END_OF_LINE } from '../nas/task/text/vocabulary.ts';
import { putContent } from './blobs.ts';
import { writeManifest, type WrittenDataset } from './datasets.ts';
import type { ObjectStore } from './object-store.ts';

type Split = TextManifest['splits'][TextSplit];

const writeSplit = async (store: ObjectStore, tokens: Uint16Array, endOfLine: number): Promise<Split> => {
  const shards = [];
  for (let from = 0; from < tokens.length; from += SHARD_TOKENS) {
    const part = tokens.subarray(from, from + SHARD_TOKENS);
    shards.push({ blob: await putContent(store, encodeTokens(part)), count: part.length });
  }
  const lines = tokens.reduce((sum, id) => sum + (id === endOfLine ? 1 : 0), 0);
  return { count: tokens.length, lines, shards };
};

/**
 * Writes a text and the perplexities of its own statistics: blobs first, then the manifest (`writeManifest`).
 * Writing the same content again changes nothing.
 */
export const writeText = async (
  store: ObjectStore,
  name: string,
  corpus: Corpus,
  facts: Pick<TextManifest, 'source' | 'licence' | 'verified'>,
): Promise<WrittenDataset<TextManifest>> => {
  const { vocabulary, splits } = corpus;
  const endOfLine = vocabulary.indexOf(END_OF_LINE);
  const content = {
    vocabulary: { blob: await putContent(store, encodeVocabulary(vocabulary)), size: vocabulary.length },
    splits: {
      train: await writeSplit(store, splits.train, endOfLine),
      validation: await writeSplit(store, splits.validation, endOfLine),
      test: await writeSplit(store, splits.test, endOfLine),
    },
  };
  return writeManifest<TextManifest>(store, {
    version: 1,
    task: 'language-modelling',
    name,
    ...content,
    baselines: evaluatedParts(corpus),
    sha256: textHash(content),
    ...facts,
  });
};
