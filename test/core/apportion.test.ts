import { describe, expect, test } from 'vitest';
import { apportion, shareOf } from '../../nas/core/apportion.ts';
import { randomFromSeed } from '../../nas/core/random.ts';

const taken = (sizes: readonly number[], fraction: number): readonly number[] => {
  const parts = apportion(sizes, fraction);
  if (parts.kind !== 'apportioned') throw new Error(JSON.stringify(parts));
  return parts.taken;
};
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('apportion', () => {
  test.each([
    // Shares 8, 0.5, 0.5: the total of 9 leaves one for each of the small classes.
    [[32, 2, 2], 0.25, [7, 1, 1]],
    [[20, 2, 2], 0.2, [3, 1, 1]],
    [[16, 2, 2], 0.5, [8, 1, 1]],
    // Odd classes and a half: neither part gets the larger half of all of them.
    [[3, 3, 3, 3], 0.5, [2, 2, 1, 1]],
    [[5, 5], 0.5, [3, 2]],
    [[5, 5, 5], 0.5, [3, 3, 2]],
    // The largest remainders (0.9, 0.6) before the smallest (0.3).
    [[3, 6, 9], 0.1, [1, 1, 1]],
    [[3, 3], 0.2, [1, 1]],
    [[3, 3], 0.1, undefined],
    [[13, 16, 19], 0.1, [1, 2, 2]],
    [[10, 10, 10], 0.3, [3, 3, 3]],
    [[100, 100], 0.29, [29, 29]],
    [[2, 2, 2], 0.9, undefined],
    [[2, 2, 2], 0.5, [1, 1, 1]],
    [[2, 2, 96], 0.9, [1, 1, 88]],
  ] as const)('%j, %d: %j', (sizes, fraction, expected) => {
    const parts = apportion(sizes, fraction);
    if (expected === undefined) expect(parts.kind).toBe('total');
    else expect(parts).toEqual({ kind: 'apportioned', taken: expected });
  });

  test('a class of one or of none is named', () => {
    expect(apportion([16, 1, 2], 0.25)).toEqual({ kind: 'class', index: 1, size: 1 });
    expect(apportion([16, 2, 0], 0.25)).toEqual({ kind: 'class', index: 2, size: 0 });
  });

  test('any sizes: the total is the rounded share, both parts have every class, nobody is off by one unless bounded', () => {
    const random = randomFromSeed(5);
    let apportioned = 0;
    for (let i = 0; i < 3000; i++) {
      const sizes = Array.from({ length: 1 + random.int(20) }, () => 2 + random.int(i % 2 ? 6 : 200));
      const fraction = (1 + random.int(99)) / 100;
      const parts = apportion(sizes, fraction);
      const total = shareOf(sum(sizes), fraction, sizes.length);
      if (parts.kind === 'total') {
        expect(Math.min(fraction, 1 - fraction) * sum(sizes)).toBeLessThan(sizes.length / 2);
        continue;
      }
      const given = taken(sizes, fraction);
      apportioned++;
      expect(sum(given)).toBe(total);
      const bounded = sizes.some((size) => fraction * size < 1 || (1 - fraction) * size < 1);
      given.forEach((n, c) => {
        const size = sizes[c] as number;
        expect(n >= 1 && n <= size - 1).toBe(true);
        if (!bounded) expect(Math.abs(n - fraction * size)).toBeLessThan(1);
      });
    }
    expect(apportioned).toBeGreaterThan(1500);
  });

  test('wherever rounding class by class gave the right total, the parts are the same as it gave', () => {
    const random = randomFromSeed(6);
    let compared = 0;
    for (let i = 0; i < 3000; i++) {
      const classes = 2 + random.int(30);
      const size = 2 + random.int(500);
      const sizes = Array.from({ length: classes }, () => (i % 2 ? size : 2 + random.int(500)));
      const fraction = (1 + random.int(19)) / 20;
      const rounded = sizes.map((n) => Math.round(fraction * n));
      const usable = rounded.every((n, c) => n >= 1 && n < (sizes[c] as number));
      if (!usable || sum(rounded) !== shareOf(sum(sizes), fraction, sizes.length)) continue;
      const ties = sizes.filter((n) => Math.abs(((fraction * n) % 1) - 0.5) < 1e-6).length;
      // Among ties rounding by classes takes them all; it has the right total then only where they are
      // balanced by others.
      if (ties > 0 && new Set(sizes).size > 1) continue;
      compared++;
      expect(taken(sizes, fraction)).toEqual(rounded);
    }
    expect(compared).toBeGreaterThan(400);
  });
});
