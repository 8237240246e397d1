import { z } from 'zod';
import { hashJson, sha256 } from '../nas/core/hash.ts';
import { jsonOf } from '../nas/core/json.ts';
import type { BlobRef } from '../nas/core/blob.ts';
import { createDocument, encodeJson } from './json-documents.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';

/**
 * Documents that can be computed again: one that is damaged is as good as absent, and does not stand in the
 * way of the next.
 */
export type Found<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'intact'; readonly value: T; readonly body: Uint8Array }
  | {
      readonly kind: 'damaged';
      readonly problem: string;
      readonly etag?: string;
      readonly body?: Uint8Array;
    };

const isSealed = (value: unknown): value is { readonly digest: string } =>
  typeof value === 'object' && value !== null && 'digest' in value;

/** Why a document's bytes are not what was written, in words; nothing where they are. */
const decode = <T>(schema: z.ZodType<T>, body: Uint8Array): { value: T } | { problem: string } => {
  let json: unknown;
  try {
    json = jsonOf(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { problem: `not JSON (${body.byteLength} bytes)` };
  }
  if (isSealed(json)) {
    const { digest, ...content } = json;
    if (hashJson(content) !== digest) return { problem: 'its digest does not match its content' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another document'}` };
};

/**
 * The document at `key`, or why it cannot be used. Its `digest`, where it has one, is verified; earlier
 * versions wrote results without.
 */
export const findDocument = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<Found<T>> => {
  try {
    const stored = await store.get(key);
    if (stored === undefined) return { kind: 'absent' };
    const { body, etag } = stored;
    const decoded = decode(schema, body);
    return 'value' in decoded
      ? { kind: 'intact', value: decoded.value, body }
      : { kind: 'damaged', problem: `${store.uri(key)}: damaged: ${decoded.problem}`, etag, body };
  } catch (error) {
    if (!(error instanceof CorruptDocumentError)) throw error;
    const { problem, etag } = error;
    return {
      kind: 'damaged',
      problem: `${store.uri(key)}: damaged: ${problem}`,
      ...(etag === undefined ? {} : { etag }),
    };
  }
};

/** A value with `digest`, the SHA-256 of its canonical JSON. */
export const withDigest = <T extends object>(value: T): T & { readonly digest: string } => ({
  ...value,
  digest: hashJson(value),
});

/** What was found where an intact document belongs. */
const damagedSchema = z.strictObject({
  version: z.literal(1),
  /** Where it was found. */
  key: z.string(),
  problem: z.string(),
  etag: z.string().exactOptional(),
  /** Its bytes, where the storage service still gave them. */
  base64: z.string().exactOptional(),
});

/**
 * Keeps what was damaged for whoever wants to know: its bytes, where the storage service still gives them,
 * and the problem.
 */
export const setAside = async (
  store: ObjectStore,
  key: string,
  { problem, etag, body }: Omit<Extract<Found<unknown>, { kind: 'damaged' }>, 'kind'>,
): Promise<void> => {
  const record: z.infer<typeof damagedSchema> = {
    version: 1,
    key,
    problem,
    ...(etag === undefined ? {} : { etag }),
    ...(body === undefined ? {} : { base64: Buffer.from(body).toString('base64') }),
  };
  await createDocument(store, keys.damaged(key, sha256(encodeJson(record))), damagedSchema, record);
};

/** Rounds against others who write the same document; each lost one means that somebody has. */
const ROUNDS = 20;

/**
 * As `createDocument`, but a damaged document is set aside and replaced, by compare-and-swap, so that of
 * several who find it the first one wins and an intact one is never touched. `mended` says what was wrong.
 */
export const createOrMend = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  value: NoInfer<T>,
): Promise<{ readonly identical: boolean; readonly ref: BlobRef; readonly mended?: string }> => {
  const body = encodeJson(value);
  const ref = (stored: Uint8Array): BlobRef => ({
    uri: store.uri(key),
    sha256: sha256(stored),
    bytes: stored.byteLength,
  });
  let mended: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const written = { identical: true, ref: ref(body), ...(mended === undefined ? {} : { mended }) };
    if ((await store.putIfAbsent(key, body)).kind === 'written') return written;
    const found = await findDocument(store, key, schema);
    if (found.kind === 'absent') continue;
    if (found.kind === 'intact')
      return {
        ...written,
        // Earlier versions wrote the same without a digest.
        identical:
          Buffer.compare(found.body, body) === 0 || hashJson(found.value) === hashJson(schema.parse(value)),
        ref: ref(found.body),
      };
    if (found.etag === undefined)
      throw new CorruptDocumentError(
        `${found.problem}; the storage service does not say which version it is`,
      );
    await setAside(store, key, found);
    mended = found.problem;
    if ((await store.compareAndSwap(key, body, found.etag)).kind === 'written')
      return { identical: true, ref: ref(body), mended };
  }
  throw new Error(`${store.uri(key)}: lost ${ROUNDS} rounds of compare-and-swap to other writers`);
};
