import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** SHA-256 in lower-case hex. */
export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

/** SHA-256 of a value's canonical JSON (RFC 8785): equal values hash equally whatever their key order. */
export const hashJson = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('hashJson: the value has no JSON form');
  return sha256(text);
};
