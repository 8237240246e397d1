import type { BlobRef, ContentRef } from '../nas/core/blob.ts';
import { sha256 } from '../nas/core/hash.ts';
import { keys } from './keys.ts';
import { parseS3Uri, type ObjectStore } from './object-store.ts';
import { CorruptDocumentError, RESTORE } from './sealed-document.ts';

/**
 * Stored bytes are not those that were referred to: changed, cut short, or gone. The message says which, and
 * the fix.
 */
export class CorruptBlobError extends Error {
  override readonly name = 'CorruptBlobError';
  /** The message without the fix, for lists of all that is wrong. */
  readonly problem: string;

  constructor(
    problem: string,
    {
      fix = `${RESTORE}, or add its data set again: that writes the same bytes`,
      ...options
    }: ErrorOptions & { readonly fix?: string } = {},
  ) {
    super(`${problem}. Fix: ${fix}`, options);
    this.problem = problem;
  }
}

/**
 * Stores bytes under their SHA-256. Always writes, even when the blob is there: that renews its age, on which
 * garbage collection relies, and heals a damaged copy.
 */
export const putBlob = async (store: ObjectStore, body: Uint8Array): Promise<BlobRef> => {
  const hash = sha256(body);
  const key = keys.blob(hash);
  await store.put(key, body);
  return { uri: store.uri(key), sha256: hash, bytes: body.byteLength };
};

/** The same, for documents that name content and no places. */
export const putContent = async (store: ObjectStore, body: Uint8Array): Promise<ContentRef> => {
  const { sha256: hash, bytes } = await putBlob(store, body);
  return { sha256: hash, bytes };
};

/** The bytes a reference names, verified. Throws `CorruptBlobError` when they are missing or differ. */
export const getBlob = async (store: ObjectStore, ref: BlobRef): Promise<Uint8Array> => {
  const { key } = parseS3Uri(ref.uri);
  if (store.uri(key) !== ref.uri) {
    throw new CorruptBlobError(`${ref.uri}: is in another bucket than this store (${store.uri('')})`, {
      fix: 'use that bucket',
    });
  }
  const stored = await store.get(key).catch((cause: unknown) => {
    throw cause instanceof CorruptDocumentError ? new CorruptBlobError(cause.problem, { cause }) : cause;
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
