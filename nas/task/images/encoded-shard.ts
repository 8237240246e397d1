/**
 * A shard of image files: their lengths in bytes as little-endian uint32 [count], then the files one after
 * another, unchanged. Labels are kept apart, so that a split can be drawn without any shard.
 */
export const encodeFiles = (files: readonly Uint8Array[]): Uint8Array => {
  const head = 4 * files.length;
  const bytes = new Uint8Array(files.reduce((sum, file) => sum + file.length, head));
  const view = new DataView(bytes.buffer);
  let at = head;
  for (const [i, file] of files.entries()) {
    view.setUint32(4 * i, file.length, true);
    bytes.set(file, at);
    at += file.length;
  }
  return bytes;
};

/** Where each file of a shard begins and ends, from its first 4 · count bytes. */
export const fileRanges = (
  head: Uint8Array,
  count: number,
): readonly (readonly [from: number, to: number])[] => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let from = 4 * count;
  return Array.from({ length: count }, (_, i) => {
    const to = from + view.getUint32(4 * i, true);
    const range = [from, to] as const;
    from = to;
    return range;
  });
};

/** Labels of a split as little-endian uint16 [count]. */
export const encodeLabels = (labels: ArrayLike<number>): Uint8Array => {
  const bytes = new Uint8Array(2 * labels.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < labels.length; i++) view.setUint16(2 * i, labels[i] as number, true);
  return bytes;
};

/** Throws where the length is not that of `count` labels, or a label is not below `classes`. */
export const decodeLabels = (bytes: Uint8Array, count: number, classes: number): Int32Array => {
  if (bytes.length !== 2 * count)
    throw new RangeError(`labels of ${count} images: ${bytes.length} bytes, expected ${2 * count}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: count }, (_, i) => {
    const label = view.getUint16(2 * i, true);
    if (label >= classes) throw new RangeError(`image ${i} has label ${label} of ${classes} classes`);
    return label;
  });
};
