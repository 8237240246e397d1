import { describe, expect, it } from 'vitest';
import { noted, noteEvery } from '../../workflows/awake.ts';
import type { AwakeTime } from '../../workflows/awake.ts';

const HOUR = 3_600_000;

/** Notes at a timer's times, each `late` by so many milliseconds. */
const run = (every: number, lates: readonly number[]): AwakeTime =>
  lates.reduce<AwakeTime>((awake, late) => noted(awake, awake.at + every + late, every), {
    ms: 0,
    at: 1_000,
  });

describe('the hours that count against a budget', () => {
  it('are noted a hundred times a budget, neither every moment nor once a day', () => {
    expect([0.001, 1, 10, 24 * 30].map(noteEvery)).toEqual([2_000, 36_000, 360_000, 600_000]);
  });
  it('pass as the clock does while the run is awake', () => {
    expect(run(36_000, Array<number>(100).fill(0)).ms).toBe(HOUR);
  });
  it('leave out the hours for which a stack was down or a machine slept', () => {
    expect(run(36_000, [0, 10 * HOUR, 0]).ms).toBe(36_000 * 3.5);
  });
  it('leave out what a clock was put forward, and count nothing backwards', () => {
    expect(run(36_000, [0, 24 * HOUR, -24 * HOUR, 0]).ms).toBe(36_000 * 3.5);
  });
});
