import { createHash } from 'node:crypto';
import type { Minibatch } from '../tasks/feed.ts';

/**
 * A running hash of every training batch so far: data after augmentation, targets, order. Equal digests prove
 * that two runs of a program saw the same data in the same order; a resumed run carries it on from its
 * checkpoint.
 */
export const digestBatch = (digest: string, { tensors }: Minibatch): string =>
  Object.values(tensors)
    .reduce(
      (hash, { data }) => hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
      createHash('sha256').update(digest),
    )
    .digest('hex');
