import type { ImageSet } from './image-set.ts';
import { imageBytes } from './image-set.ts';

/**
 * A shard is `count` labels as little-endian uint16, then `count` images as uint8 [count, H, W, C]: nothing
 * else, so that equal images give equal bytes. Shape and count are in the manifest; length and hash are
 * checked against it.
 */
export const encodeShard = (set: ImageSet): Uint8Array => {
  const count = set.labels.length;
  const bytes = new Uint8Array(2 * count + set.images.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint16(2 * i, set.labels[i] as number, true);
  bytes.set(set.images, 2 * count);
  return bytes;
};

/** Bytes of a shard of `count` images. */
const shardBytes = (count: number, shape: ImageSet['shape']): number => count * (2 + imageBytes(shape));

/**
 * The labels of a shard.
 * Throws where the length is not that of `count` images, or a label is not below `classes`.
 */
export const decodeShardLabels = (
  bytes: Uint8Array,
  count: number,
  classes: number,
  shape: ImageSet['shape'],
): Int32Array => {
  const expected = shardBytes(count, shape);
  if (bytes.length !== expected) {
    throw new RangeError(`shard of ${count} images: ${bytes.length} bytes, expected ${expected}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: count }, (_, i) => {
    const label = view.getUint16(2 * i, true);
    if (label >= classes) throw new RangeError(`shard: image ${i} has label ${label} of ${classes} classes`);
    return label;
  });
};

/**
 * Writes a shard's images and labels into `target` from image `offset` on.
 * Throws where the length is not that of `count` images, or a label is not below `classes`.
 */
export const decodeShardInto = (
  bytes: Uint8Array,
  count: number,
  classes: number,
  target: ImageSet,
  offset: number,
): void => {
  target.labels.set(decodeShardLabels(bytes, count, classes, target.shape), offset);
  target.images.set(bytes.subarray(2 * count), offset * imageBytes(target.shape));
};
