import type { FetchBlob } from '../manifest.ts';
import type { TextManifest, TextSplit } from './manifest.ts';
import { decodeTokensInto, decodeVocabulary } from './token-shard.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Reads one split's tokens into memory. The test split is opened by stage 3 alone. Throws where a blob's
 * hash, a shard's length or an id disagrees with the manifest.
 */
export const openText = async (
  { splits, vocabulary }: TextManifest,
  split: TextSplit,
  fetchBlob: FetchBlob,
): Promise<Uint16Array> => {
  const { count, shards } = splits[split];
  const inShards = shards.reduce((sum, shard) => sum + shard.count, 0);
  if (inShards !== count) throw new RangeError(`${split}: shards of ${inShards} tokens, expected ${count}`);
  const tokens = new Uint16Array(count);
  let at = 0;
  for (const shard of shards) {
    decodeTokensInto(await fetchBlob(shard.blob), shard.count, vocabulary.size, tokens, at);
    at += shard.count;
  }
  return tokens;
};

/** The types of a data set, by id. */
export const openVocabulary = async (
  { vocabulary: { blob, size } }: TextManifest,
  fetchBlob: FetchBlob,
): Promise<Vocabulary> => decodeVocabulary(await fetchBlob(blob), size);
