import { describe, expect, it } from 'vitest';
import { welchInterval } from '../../nas/protocol/welch.ts';

describe("Welch's interval", () => {
  it('is that of a worked example', () => {
    // R: t.test(c(27.5, 21, 19, 23.6, 17), c(27.1, 22, 20.8, 23.4, 23.4))$conf.int
    const [low, high] = welchInterval([27.5, 21, 19, 23.6, 17], [27.1, 22, 20.8, 23.4, 23.4]) ?? [0, 0];
    const [ma, mb] = [21.62, 23.34];
    const [va, vb] = [16.862, 5.608];
    const se = Math.sqrt(va / 5 + vb / 5);
    const degrees = (va / 5 + vb / 5) ** 2 / ((va / 5) ** 2 / 4 + (vb / 5) ** 2 / 4);
    expect(degrees).toBeCloseTo(6.396, 2);
    // The t quantile of 6.396 degrees lies between those of 6 (2.4469) and 7 (2.3646) degrees.
    const t = (high - low) / 2 / se;
    expect(t).toBeGreaterThan(2.3646);
    expect(t).toBeLessThan(2.4469);
    expect((low + high) / 2).toBeCloseTo(ma - mb, 10);
  });

  it.each([
    [[0.9], [0.8, 0.81]],
    [
      [0.9, 0.9],
      [0.8, 0.8],
    ],
  ])('does not exist for %j and %j', (a, b) => {
    expect(welchInterval(a, b)).toBeUndefined();
  });
});
