import { z } from 'zod';
import { hashJson } from '../nas/core/hash.ts';
import { jsonOf } from '../nas/core/json.ts';
import type { StoredObject } from './object-store.ts';

/** What helps where nothing else can write a document again. */
export const RESTORE = "restore the object from the bucket's versions";

interface DamageOptions extends ErrorOptions {
  /** Of the damaged object, where the storage service still told it. */
  readonly etag?: string;
  readonly fix?: string;
}

/**
 * Stored bytes are not what was written: unreadable, or a checksum disagrees. The message says which, and the
 * fix.
 */
export class CorruptDocumentError extends Error {
  override readonly name = 'CorruptDocumentError';
  /** The message without the fix, for what goes on without the document. */
  readonly problem: string;
  readonly etag: string | undefined;

  constructor(problem: string, { etag, fix = RESTORE, ...options }: DamageOptions = {}) {
    super(`${problem}. Fix: ${fix}`, options);
    this.problem = problem;
    this.etag = etag;
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
    parsed = jsonOf(new TextDecoder('utf-8', { fatal: true }).decode(stored.body));
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
    const [issue] = value.error.issues;
    throw new CorruptDocumentError(`${key}: ${issue?.path.join('.')}: ${issue?.message}`, {
      cause: value.error,
    });
  }
  return value.data;
};
