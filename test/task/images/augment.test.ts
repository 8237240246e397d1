import { describe, expect, test } from 'vitest';
import {
  drawPlacement,
  normalisationTable,
  placeImage,
  UNCHANGED,
} from '../../../nas/task/images/augment.ts';
import type { Placement } from '../../../nas/task/images/augment.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';

// 3 × 4 grey image with bytes 10, 20, …, 120; mean 0 and std 1/255 make the normalised value the byte itself.
const image = Uint8Array.from({ length: 12 }, (_, i) => 10 * (i + 1));
const table = normalisationTable([0], [1 / 255]);
const place = (placement: Placement): number[][] => {
  const target = new Float32Array(12).fill(NaN);
  placeImage(image, 0, [3, 4, 1], table, placement, target, 0);
  return [0, 4, 8].map((row) => Array.from(target.subarray(row, row + 4), Math.round));
};

describe('placeImage', () => {
  test('unchanged', () => {
    expect(place(UNCHANGED)).toEqual([
      [10, 20, 30, 40],
      [50, 60, 70, 80],
      [90, 100, 110, 120],
    ]);
  });
  test('flip mirrors columns', () => {
    expect(place({ top: 0, left: 0, flip: true })[0]).toEqual([40, 30, 20, 10]);
  });
  test('crop shifts and pads with black', () => {
    expect(place({ top: 1, left: -2, flip: false })).toEqual([
      [0, 0, 50, 60],
      [0, 0, 90, 100],
      [0, 0, 0, 0],
    ]);
  });
  test('the crop is flipped, not the source', () => {
    expect(place({ top: 0, left: 1, flip: true })[0]).toEqual([0, 40, 30, 20]);
  });
  test('the hole is zero after normalisation', () => {
    const shifted = normalisationTable([0.5], [0.5]);
    const target = new Float32Array(12).fill(NaN);
    const hole = { top: 1, bottom: 3, left: 0, right: 1 };
    placeImage(image, 0, [3, 4, 1], shifted, { ...UNCHANGED, hole }, target, 0);
    expect([target[4], target[8]]).toEqual([0, 0]);
    expect(target[0]).toBeCloseTo((10 / 255 - 0.5) / 0.5, 6);
    expect(target[5]).toBeCloseTo((60 / 255 - 0.5) / 0.5, 6);
  });
  test('channels are interleaved and normalised each by its own statistics', () => {
    const pixels = Uint8Array.from([0, 128, 255, 255, 128, 0]);
    const target = new Float32Array(6);
    placeImage(
      pixels,
      0,
      [1, 2, 3],
      normalisationTable([0.1, 0.2, 0.3], [1, 2, 4]),
      { ...UNCHANGED, flip: true },
      target,
      0,
    );
    const expected = [
      255 / 255 - 0.1,
      (128 / 255 - 0.2) / 2,
      -0.3 / 4,
      -0.1,
      (128 / 255 - 0.2) / 2,
      (1 - 0.3) / 4,
    ];
    expected.forEach((value, i) => expect(target[i]).toBeCloseTo(value, 6));
  });
});

describe('drawPlacement', () => {
  const all = { cropPadding: 4, horizontalFlip: true, cutout: 16 };
  test('covers the whole range of crops, both flips and all hole centres, evenly', () => {
    const random = randomFromSeed(1);
    const draws = Array.from({ length: 9000 }, () => drawPlacement(random, all, 32, 32));
    for (let shift = -4; shift <= 4; shift++) {
      expect(draws.filter((d) => d.top === shift).length).toBeGreaterThan(850);
      expect(draws.filter((d) => d.left === shift).length).toBeGreaterThan(850);
    }
    expect(Math.abs(draws.filter((d) => d.flip).length - 4500)).toBeLessThan(200);
    const areas = draws.map(({ hole }) => (hole!.bottom - hole!.top) * (hole!.right - hole!.left));
    // Mean side of a 16-wide hole whose centre is uniform over 32: 8 + … + 1 is cut off at one border, 7 + …
    // + 1 at the other.
    const side = (16 * 32 - (8 * 9) / 2 - (7 * 8) / 2) / 32;
    expect(areas.reduce((a, b) => a + b, 0) / draws.length / side ** 2).toBeCloseTo(1, 1);
    expect(Math.max(...areas)).toBe(256);
    expect(Math.min(...areas)).toBe(64);
  });
  test('what is off changes nothing and draws nothing', () => {
    const random = randomFromSeed(2);
    const before = random.state();
    const off = { cropPadding: 0, horizontalFlip: false, cutout: 0 };
    expect(drawPlacement(random, off, 32, 32)).toEqual(UNCHANGED);
    expect(random.state()).toEqual(before);
  });
});
