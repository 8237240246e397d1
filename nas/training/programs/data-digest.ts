import { createHash } from 'node:crypto';
import type { Minibatch } from '../tasks/tensor-task.ts';

/**
 * A running hash of every training batch so far: data after augmentation, targets, order. Equal digests prove
 * that two runs of a program saw the same data in the same order; a resumed run carries it on from its
 * checkpoint.
 */
export const digestBatch = (digest: string, { x, y }: Minibatch): string =>
  createHash('sha256')
    .update(digest)
    .update(new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
    .update(new Uint8Array(y.buffer, y.byteOffset, y.byteLength))
    .digest('hex');
