import { z } from 'zod';

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** Names bytes by their content alone: the same in every store. */
export const contentRefSchema = z.strictObject({
  sha256: sha256Schema,
  /** Size in bytes. */
  bytes: z.number().int().min(0),
});
export type ContentRef = z.infer<typeof contentRefSchema>;

/** A reference to an immutable object; what event histories and documents carry in place of a large value. */
export const blobRefSchema = contentRefSchema.extend({
  /** Full URI, `s3://bucket/key`. */
  uri: z.string().startsWith('s3://'),
});
export type BlobRef = z.infer<typeof blobRefSchema>;
