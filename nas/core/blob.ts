/** Names bytes by their content alone: the same in every store. */
export interface ContentRef {
  readonly sha256: string;
  /** Size in bytes. */
  readonly bytes: number;
}

/** A reference to an immutable object; what event histories and documents carry in place of a large value. */
export interface BlobRef extends ContentRef {
  /** Full URI, `s3://bucket/key`. */
  readonly uri: string;
}
