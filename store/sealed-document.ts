import { z } from 'zod';
import { hashJson } from '../nas/core/hash.ts';
import type { StoredObject } from './object-store.ts';

/** Stored bytes are not what was written: unreadable, or a checksum disagrees. The message says which. */
export class CorruptDocumentError extends Error {
  override readonly name = 'CorruptDocumentError';
  /** Of the damaged object, where the storage service still told it. */
  readonly etag: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly etag?: string }) {
    super(message, options);
    this.etag = options?.etag;
  }
}

/** JSON text of `value` with a last field `digest`, the SHA-256 of its canonical JSON without that field. */
export const seal = (value: object): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ ...value, digest: hashJson(value) })}\n`);

/**
 * Parses and verifies what `seal` wrote. Any changed bit that changes the meaning is found.
 * Throws `CorruptDocumentError` naming the key.
 */
export const unseal = <T>(schema: z.ZodType<T>, key: string, stored: StoredObject): T => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stored.body));
  } catch (cause) {
    throw new CorruptDocumentError(`${key}: not JSON (${stored.body.byteLength} bytes)`, { cause });
  }
  const sealed = z.looseObject({ digest: z.string() }).safeParse(parsed);
  if (!sealed.success) throw new CorruptDocumentError(`${key}: has no digest`, { cause: sealed.error });
  const { digest, ...content } = sealed.data;
  if (hashJson(content) !== digest)
    throw new CorruptDocumentError(`${key}: its digest does not match its content`);
  const value = schema.safeParse(content);
  if (!value.success) {
    throw new CorruptDocumentError(`${key}: ${z.prettifyError(value.error)}`, { cause: value.error });
  }
  return value.data;
};
