/**
 * One stored object. `etag` is opaque: equal for equal content, so it must be used only on content that never
 * recurs.
 */
export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  /** Milliseconds since 1970, by the storage service's clock; S3 tells whole seconds. */
  readonly modifiedAt: number;
}

/**
 * An upload in parts that was begun and neither completed nor aborted; its parts cost money and belong to no
 * object.
 */
export interface PendingUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Milliseconds since 1970, by the storage service's clock. */
  readonly startedAt: number;
}

/** What became of a conditional write. A conflict is an answer, not an error: somebody else wrote first. */
export type ConditionalWrite =
  { readonly kind: 'written'; readonly etag: string } | { readonly kind: 'conflict' };

/**
 * The whole of what the product asks of S3. Reads see every write that was answered before they began (S3 is
 * strongly consistent). Every method throws `StorageError` when the service cannot be reached or refuses
 * within its retry budget; the request may then have been carried out or not.
 *
 * A conditional write whose answer was lost on the way is retried and then reports `conflict` although the
 * first try succeeded. Callers for whom the difference matters make their content unique and read it back.
 */
export interface ObjectStore {
  /** `s3://bucket/key` of a key in this store. */
  uri(key: string): string;
  /**
   * `undefined` when there is no such object. Throws `CorruptDocumentError` when the service's own checksum
   * refutes the bytes.
   */
  get(key: string): Promise<StoredObject | undefined>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Writes unconditionally; large bodies go in parts. A failed upload in parts is aborted. */
  put(key: string, body: Uint8Array): Promise<{ readonly etag: string }>;
  putIfAbsent(key: string, body: Uint8Array): Promise<ConditionalWrite>;
  /** Replaces the object only while its ETag is `etag`. */
  compareAndSwap(key: string, body: Uint8Array, etag: string): Promise<ConditionalWrite>;
  /** All objects whose key starts with `prefix`, in ascending order of their keys' UTF-8 bytes. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Deletes the objects; those that do not exist are no error. */
  delete(keys: readonly string[]): Promise<void>;
  listUploads(prefix: string): AsyncIterable<PendingUpload>;
  abortUpload(upload: PendingUpload): Promise<void>;
}

/** The storage service could not do what was asked; `cause` holds its own error. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** Splits `s3://bucket/key`. Throws `RangeError` naming the value when it has another form. */
export const parseS3Uri = (uri: string): { readonly bucket: string; readonly key: string } => {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/.exec(uri);
  if (!match) throw new RangeError(`S3 URI: ${JSON.stringify(uri)} is not allowed. Allowed: s3://BUCKET/KEY`);
  return { bucket: match[1] as string, key: match[2] as string };
};
