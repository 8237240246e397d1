import type { ImageSet } from './image-set.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;

/**
 * Records of the CIFAR binary archives (Krizhevsky 2009): one label byte (CIFAR-10) or a coarse and a fine
 * one (CIFAR-100; the fine, last one is used), then 3 colour planes of 32 × 32. Throws where the length is no
 * whole number of records or a label is out of range.
 */
export const parseCifarBinary = (bytes: Uint8Array, labelBytes: 1 | 2, classes: number): ImageSet => {
  const record = labelBytes + 3 * PLANE;
  const count = bytes.length / record;
  if (!Number.isInteger(count) || count === 0) {
    throw new RangeError(`${bytes.length} bytes are no whole number of ${record}-byte records`);
  }
  const images = new Uint8Array(count * 3 * PLANE);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = bytes[i * record + labelBytes - 1] as number;
    if (label >= classes) throw new RangeError(`record ${i} has label ${label}, allowed: 0–${classes - 1}`);
    labels[i] = label;
    const planes = i * record + labelBytes;
    const to = i * 3 * PLANE;
    for (let pixel = 0; pixel < PLANE; pixel++) {
      for (let c = 0; c < 3; c++) images[to + 3 * pixel + c] = bytes[planes + c * PLANE + pixel] as number;
    }
  }
  return { shape: [SIDE, SIDE, 3], images, labels };
};
