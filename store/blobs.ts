import type { BlobRef } from '../nas/core/blob.ts';
import { sha256 } from '../nas/core/hash.ts';
import { keys } from './keys.ts';
import { parseS3Uri, type ObjectStore } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';

/** Stored bytes are not those that were referred to: changed, cut short, or gone. */
export class CorruptBlobError extends Error {
  override readonly name = 'CorruptBlobError';
}

/**
 * Stores bytes under their SHA-256. Always writes, even when the blob is there: that renews its age, on which garbage
 * collection relies, and heals a damaged copy.
 */
export const putBlob = async (store: ObjectStore, body: Uint8Array): Promise<BlobRef> => {
  const hash = sha256(body);
  const key = keys.blob(hash);
  await store.put(key, body);
  return { uri: store.uri(key), sha256: hash, bytes: body.byteLength };
};

/** The bytes a reference names, verified. Throws `CorruptBlobError` when they are missing or differ. */
export const getBlob = async (store: ObjectStore, ref: BlobRef): Promise<Uint8Array> => {
  const { key } = parseS3Uri(ref.uri);
  if (store.uri(key) !== ref.uri) {
    throw new CorruptBlobError(`${ref.uri}: is in another bucket than this store (${store.uri('')})`);
  }
  const stored = await store.get(key).catch((cause: unknown) => {
    throw cause instanceof CorruptDocumentError ? new CorruptBlobError(cause.message, { cause }) : cause;
  });
  if (stored === undefined) throw new CorruptBlobError(`${ref.uri}: missing`);
  if (stored.body.byteLength !== ref.bytes) {
    throw new CorruptBlobError(
      `${ref.uri}: has ${stored.body.byteLength} bytes where ${ref.bytes} were written`,
    );
  }
  const found = sha256(stored.body);
  if (found !== ref.sha256) {
    throw new CorruptBlobError(`${ref.uri}: its SHA-256 is ${found}, not ${ref.sha256}`);
  }
  return stored.body;
};
