import type { Vocabulary } from './vocabulary.ts';

/** Tokens a shard holds at most: one request fetches it, one corrupt bit costs no more than it. */
export const SHARD_TOKENS = 8 * 2 ** 20;

/** Ids as little-endian uint16 and nothing else, so that equal tokens give equal bytes. */
export const encodeTokens = (ids: Uint16Array): Uint8Array => {
  const bytes = new Uint8Array(2 * ids.length);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, i) => view.setUint16(2 * i, id, true));
  return bytes;
};

/**
 * Writes a shard's ids into `target` from token `offset` on. Throws `RangeError` where the length is not that
 * of `count` tokens, or an id is not below `vocabulary`.
 */
export const decodeTokensInto = (
  bytes: Uint8Array,
  count: number,
  vocabulary: number,
  target: Uint16Array,
  offset: number,
): void => {
  if (bytes.length !== 2 * count)
    throw new RangeError(`shard of ${count} tokens: ${bytes.length} bytes, expected ${2 * count}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const id = view.getUint16(2 * i, true);
    if (id >= vocabulary) throw new RangeError(`shard: token ${i} has id ${id} of ${vocabulary} types`);
    target[offset + i] = id;
  }
};

/** Types in the order of their ids, one a line, in UTF-8. */
export const encodeVocabulary = (vocabulary: Vocabulary): Uint8Array =>
  new TextEncoder().encode(vocabulary.map((type) => `${type}\n`).join(''));

/** Throws `RangeError` where these are not `size` types. */
export const decodeVocabulary = (bytes: Uint8Array, size: number): Vocabulary => {
  const types = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).split('\n');
  const rest = types.pop();
  if (types.length !== size || rest !== '')
    throw new RangeError(`vocabulary: ${types.length} types, expected ${size}`);
  return types;
};
