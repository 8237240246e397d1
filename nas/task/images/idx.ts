import type { ImageSet } from './image-set.ts';

/**
 * LeCun's idx format of unsigned bytes: big-endian magic 0x0000 08 rank, one uint32 a dimension, then the
 * bytes.
 */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** Throws where the magic, the type or the length is not that of an idx file of unsigned bytes. */
export const parseIdx = (bytes: Uint8Array): IdxArray => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || view.getUint8(2) !== UNSIGNED_BYTE) {
    throw new RangeError('not an idx file of unsigned bytes (it must begin with 00 00 08)');
  }
  const rank = view.getUint8(3);
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw new RangeError(`an idx file of rank ${rank} cut off in its header`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== expected) {
    throw new RangeError(
      `an idx file of shape ${shape.join('×')} must have ${expected} bytes, it has ${bytes.length}`,
    );
  }
  return { shape, data: bytes.subarray(header) };
};

export const encodeIdx = ({ shape, data }: IdxArray): Uint8Array => {
  const header = 4 + 4 * shape.length;
  const bytes = new Uint8Array(header + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, UNSIGNED_BYTE);
  view.setUint8(3, shape.length);
  shape.forEach((n, i) => view.setUint32(4 + 4 * i, n));
  bytes.set(data, header);
  return bytes;
};

/**
 * Grey images [N, H, W] with their labels [N]; throws where ranks or counts disagree or a label is out of
 * range.
 */
export const imageSetFromIdx = (images: IdxArray, labels: IdxArray, classes: number): ImageSet => {
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || count === undefined || height === undefined || width === undefined) {
    throw new RangeError(`images of rank ${images.shape.length}, expected 3 (count, height, width)`);
  }
  if (labels.shape.length !== 1) throw new RangeError(`labels of rank ${labels.shape.length}, expected 1`);
  if (labels.data.length !== count) {
    throw new RangeError(`${count} images but ${labels.data.length} labels`);
  }
  const wrong = labels.data.findIndex((label) => label >= classes);
  if (wrong >= 0) throw new RangeError(`label ${wrong} is ${labels.data[wrong]}, allowed: 0–${classes - 1}`);
  return { shape: [height, width, 1], images: images.data, labels: Int32Array.from(labels.data) };
};
