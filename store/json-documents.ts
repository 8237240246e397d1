import canonicalize from 'canonicalize';
import type { z } from 'zod';
import type { BlobRef } from '../nas/core/blob.ts';
import { sha256 } from '../nas/core/hash.ts';
import { parseJson } from '../nas/core/json.ts';
import { CorruptDocumentError } from './sealed-document.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Canonical JSON (RFC 8785) with a final newline: equal values give equal bytes. Throws `TypeError` on NaN
 * and infinities.
 */
export const encodeJson = (value: unknown): Uint8Array => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('encodeJson: the value has no JSON form');
  return new TextEncoder().encode(`${text}\n`);
};

/** The bytes of a document. Throws `ZodError` for what no reader could read. */
const encodeDocument = <T>(schema: z.ZodType<T>, value: T): Uint8Array => encodeJson(schema.parse(value));

const decode = <T>(schema: z.ZodType<T>, key: string, body: Uint8Array): T => {
  try {
    return parseJson(schema, new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new CorruptDocumentError(`${key}: not the document that belongs here`, { cause });
  }
};

const reference = (store: ObjectStore, key: string, body: Uint8Array): BlobRef => ({
  uri: store.uri(key),
  sha256: sha256(body),
  bytes: body.byteLength,
});

/** The document at `key`, or `undefined`. Throws `CorruptDocumentError` when it does not parse. */
export const readDocument = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> => {
  const stored = await store.get(key);
  return stored && decode(schema, key, stored.body);
};

/**
 * As `readDocument`, but a damaged document reads as absent: for those on which nothing but speed depends.
 */
export const readHint = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> => {
  try {
    return await readDocument(store, key, schema);
  } catch (error) {
    if (error instanceof CorruptDocumentError) return undefined;
    throw error;
  }
};

/**
 * Writes a document once. `written` is false when a document was there already: `identical` then says whether
 * it holds the same bytes, which a repeated or retried write does, and a different author's does not.
 */
export const createDocument = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  value: NoInfer<T>,
): Promise<{ readonly written: boolean; readonly identical: boolean; readonly ref: BlobRef }> => {
  const body = encodeDocument(schema, value);
  const outcome = await store.putIfAbsent(key, body);
  if (outcome.kind === 'written') {
    return { written: true, identical: true, ref: reference(store, key, body) };
  }
  const present = await store.get(key);
  if (present === undefined) return createDocument(store, key, schema, value);
  return {
    written: false,
    identical: Buffer.compare(present.body, body) === 0,
    ref: reference(store, key, present.body),
  };
};

/** Overwrites a document that nobody but its writer relies on (progress, an attempt's own record). */
export const replaceDocument = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  value: NoInfer<T>,
): Promise<void> => {
  await store.put(key, encodeDocument(schema, value));
};

const readForUpdate = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<{ readonly etag?: string; readonly current: T | undefined }> => {
  let etag: string | undefined;
  try {
    const stored = await store.get(key);
    if (stored === undefined) return { current: undefined };
    etag = stored.etag;
    return { etag, current: decode(schema, key, stored.body) };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError)) throw error;
    etag ??= error.etag;
    if (etag === undefined) throw error;
    return { etag, current: undefined };
  }
};

/**
 * Read–change–write under compare-and-swap. `change` receives the current value (`undefined` when absent) and
 * may run several times, so it must be pure; a damaged document counts as absent and is replaced. Throws when
 * `tries` rounds were all lost to other writers.
 */
export const updateDocument = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  change: (current: T | undefined) => T,
  tries = 50,
): Promise<T> => {
  for (let round = 0; round < tries; round++) {
    const { etag, current } = await readForUpdate(store, key, schema);
    const next = change(current);
    const body = encodeDocument(schema, next);
    const outcome =
      etag === undefined ? await store.putIfAbsent(key, body) : await store.compareAndSwap(key, body, etag);
    if (outcome.kind === 'written') return next;
  }
  throw new Error(`${store.uri(key)}: lost ${tries} rounds of compare-and-swap to other writers`);
};
