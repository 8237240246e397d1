import type { FetchBlob } from '../manifest.ts';
import { evaluatedParts } from './corpus.ts';
import { TEXT_SPLITS, type TextManifest } from './manifest.ts';
import { openText, openVocabulary } from './open-text.ts';
import { END_OF_LINE } from './vocabulary.ts';

/** Ids out of range, types that are there twice, and numbers that do not follow from the tokens. */
export const verifyText = async (
  manifest: TextManifest,
  fetchBlob: FetchBlob,
): Promise<readonly string[]> => {
  try {
    const vocabulary = await openVocabulary(manifest, fetchBlob);
    if (new Set(vocabulary).size !== vocabulary.length) return ['vocabulary: a type is there twice'];
    const splits = {
      train: await openText(manifest, 'train', fetchBlob),
      validation: await openText(manifest, 'validation', fetchBlob),
      test: await openText(manifest, 'test', fetchBlob),
    };
    const problems: string[] = [];
    const endOfLine = vocabulary.indexOf(END_OF_LINE);
    for (const split of TEXT_SPLITS) {
      const lines = splits[split].reduce((sum, id) => sum + (id === endOfLine ? 1 : 0), 0);
      const stated = manifest.splits[split].lines;
      if (lines !== stated) problems.push(`${split}: ${lines} lines, the manifest says ${stated}`);
    }
    const found = evaluatedParts({ vocabulary, splits });
    for (const split of ['validation', 'test'] as const)
      for (const what of ['unigram', 'bigram', 'unseen'] as const) {
        const [actual, stated] = [found[split][what], manifest.baselines[split][what]];
        if (actual !== stated) problems.push(`${split}: ${what} is ${actual}, the manifest says ${stated}`);
      }
    return problems;
  } catch (error) {
    return [(error as Error).message];
  }
};
