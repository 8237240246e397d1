import { describe, expect, it } from 'vitest';
import { columnsOf, fitsColumns, spanTokens } from '../../../nas/task/text/columns.ts';
import type { LengthRule } from '../../../nas/task/text/windows.ts';
import {
  longestWindow,
  proposedLengths,
  rateScale,
  windowBeside,
  windowsOf,
} from '../../../nas/task/text/windows.ts';

const stream = Uint16Array.from({ length: 23 }, (_, i) => i);

describe('columns', () => {
  it('are contiguous pieces; what fills no row is left out', () => {
    const columns = columnsOf(stream, 4);
    expect(columns.rows).toBe(5);
    const { x, y } = spanTokens(columns, { start: 2, length: 2 });
    expect([...x]).toEqual([2, 7, 12, 17, 3, 8, 13, 18]);
    expect([...y]).toEqual([3, 8, 13, 18, 4, 9, 14, 19]);
  });

  it('refuse a batch of which half exceeds the corpus', () => {
    expect([fitsColumns(23, 11), fitsColumns(23, 12)]).toEqual([true, false]);
    expect(() => columnsOf(stream, 12)).toThrow('batchSize: 12, allowed: at most 11, half of 23 tokens');
  });
});

describe('windows of a pass', () => {
  it('follow one another; the last is cut, and an evaluation predicts every row', () => {
    expect(windowsOf(12, 'evaluate', () => 5)).toEqual([
      { start: 0, length: 5, proposed: 5 },
      { start: 5, length: 5, proposed: 5 },
      { start: 10, length: 1, proposed: 5 },
    ]);
    expect(windowsOf(12, 'train', () => 5)).toHaveLength(2);
    expect(windowsOf(13, 'train', () => 5).at(-1)).toEqual({ start: 10, length: 2, proposed: 5 });
  });

  it('cover every target of an evaluation once, whatever the sizes', () => {
    for (let rows = 2; rows < 40; rows++)
      for (let bptt = 1; bptt < 12; bptt++) {
        const windows = windowsOf(rows, 'evaluate', () => bptt);
        expect(windows.reduce((sum, { length }) => sum + length, 0)).toBe(rows - 1);
        expect(windows.every(({ start }, i) => start === i * bptt)).toBe(true);
      }
  });

  it('for architecture weights begin anew at the end of their columns', () => {
    expect(windowBeside(70, 288, 35)).toEqual({ start: 70, length: 35, proposed: 35 });
    expect(windowBeside(270, 288, 35)).toEqual({ start: 270, length: 17, proposed: 35 });
    expect(windowBeside(290, 288, 35)).toEqual({ start: 3, length: 35, proposed: 35 });
  });
});

describe('lengths of windows', () => {
  const rule = (kind: LengthRule['kind'], bptt = 35): LengthRule => ({ kind, bptt });
  const drawn = (of: LengthRule, count: number, seed = 1): readonly number[] =>
    Array.from({ length: Math.ceil(count / 1000) }, (_, epoch) => {
      const next = proposedLengths(of, seed, epoch);
      return Array.from({ length: 1000 }, next);
    }).flat();

  it('depend on seed and epoch alone', () => {
    const of = (seed: number, epoch: number): readonly number[] =>
      Array.from({ length: 50 }, proposedLengths(rule('normal'), seed, epoch));
    expect(of(3, 2)).toEqual(of(3, 2));
    expect(of(4, 2)).not.toEqual(of(3, 2));
    expect(of(3, 1)).not.toEqual(of(3, 2));
    // Frozen: a change would move the windows of checkpoints that exist.
    expect(of(3, 2).slice(0, 8)).toEqual([34, 41, 33, 33, 48, 33, 37, 16]);
  });

  it('of searches are 35 and, one time in twenty, 17', () => {
    const lengths = drawn(rule('halved'), 20_000);
    expect(new Set(lengths)).toEqual(new Set([35, 17]));
    const short = lengths.filter((length) => length === 17).length / lengths.length;
    expect(Math.abs(short - 0.05)).toBeLessThan(0.006);
    expect(longestWindow(rule('halved'))).toBe(35);
  });

  it('of trainings are normal around these, from 5 to bptt + 20', () => {
    const lengths = drawn(rule('normal'), 20_000);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(longestWindow(rule('normal')));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    // 0.95 × 35 + 0.05 × 17.5, less half a row by which numbers are cut to whole ones.
    expect(Math.abs(mean - 33.625)).toBeLessThan(0.15);
    // Of a mixture: 5² within, 0.95 × 0.05 × 17.5² between, and 1/12 by cutting.
    const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length;
    expect(Math.abs(Math.sqrt(variance) - Math.sqrt(25 + 14.55 + 1 / 12))).toBeLessThan(0.15);
    expect(drawn(rule('normal', 6), 2000).every((length) => length >= 5 && length <= 26)).toBe(true);
  });

  it('scale the learning rate by what was proposed', () => {
    expect(proposedLengths(rule('fixed'), 1, 0)()).toBe(35);
    expect(rateScale({ proposed: 17 }, rule('halved'))).toBe(17 / 35);
  });
});
