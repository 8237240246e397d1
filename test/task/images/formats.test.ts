import { describe, expect, test } from 'vitest';
import { parseCifarBinary } from '../../../nas/task/images/cifar-binary.ts';
import { encodeIdx, imageSetFromIdx, parseIdx } from '../../../nas/task/images/idx.ts';

describe('idx', () => {
  const bytes = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 8, 7, 6, 5, 4]);
  test('parses and encodes', () => {
    const array = parseIdx(bytes);
    expect(array.shape).toEqual([1, 2, 3]);
    expect(Array.from(array.data)).toEqual([9, 8, 7, 6, 5, 4]);
    expect(encodeIdx(array)).toEqual(bytes);
  });
  test.each([
    ['not idx', Uint8Array.from([1, 2, 3, 4]), 'not an idx file'],
    ['other element type', Uint8Array.from([0, 0, 13, 1, 0, 0, 0, 0]), 'not an idx file'],
    ['header cut off', bytes.slice(0, 10), 'cut off in its header'],
    ['body cut off', bytes.slice(0, -1), 'shape 1×2×3 must have 22 bytes, it has 21'],
    ['trailing bytes', Uint8Array.from([...bytes, 0]), 'must have 22 bytes, it has 23'],
  ])('refuses: %s', (_, wrong, message) => {
    expect(() => parseIdx(wrong)).toThrow(message);
  });
  test('images and labels must agree', () => {
    const images = parseIdx(bytes);
    const labels = { shape: [1], data: Uint8Array.of(4) };
    expect(imageSetFromIdx(images, labels, 5)).toMatchObject({ shape: [2, 3, 1], labels: Int32Array.of(4) });
    expect(() => imageSetFromIdx(images, labels, 4)).toThrow('label 0 is 4, allowed: 0–3');
    expect(() => imageSetFromIdx(images, { shape: [2], data: Uint8Array.of(0, 0) }, 4)).toThrow(
      '1 images but 2 labels',
    );
    expect(() => imageSetFromIdx(labels, labels, 4)).toThrow('images of rank 1');
  });
});

describe('CIFAR binary', () => {
  /** One record: labels, then planes whose pixel p of channel c is (p + 50 c) mod 256. */
  const record = (...labels: number[]): number[] => [
    ...labels,
    ...[0, 1, 2].flatMap((c) => Array.from({ length: 1024 }, (_, p) => (p + 50 * c) % 256)),
  ];
  test('planes become interleaved pixels; CIFAR-100 uses the fine label', () => {
    const set = parseCifarBinary(Uint8Array.from([...record(3, 77), ...record(9, 12)]), 2, 100);
    expect(Array.from(set.labels)).toEqual([77, 12]);
    expect(Array.from(set.images.subarray(3072, 3078))).toEqual([0, 50, 100, 1, 51, 101]);
    expect(parseCifarBinary(Uint8Array.from(record(9)), 1, 10).labels[0]).toBe(9);
  });
  test('refuses a cut record and a label out of range', () => {
    expect(() => parseCifarBinary(Uint8Array.from(record(9)).slice(0, -1), 1, 10)).toThrow(
      'no whole number of 3073-byte',
    );
    expect(() => parseCifarBinary(new Uint8Array(0), 1, 10)).toThrow('no whole number');
    expect(() => parseCifarBinary(Uint8Array.from(record(10)), 1, 10)).toThrow(
      'record 0 has label 10, allowed: 0–9',
    );
  });
});
