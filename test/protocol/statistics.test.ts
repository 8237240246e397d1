import { describe, expect, test } from 'vitest';
import { kendallTau, pairedInterval, pairedVerdict, seedStatistics } from '../../nas/protocol/statistics.ts';
import { randomFromSeed } from '../../nas/core/random.ts';

// Expected numbers come from NumPy and SciPy 1.17.1 (std with ddof = 1, ttest_rel().confidence_interval(),
// kendalltau()), and, for the interval of few pairs, from SciPy's brentq on the inequality that defines it.
import { termsOf } from '../../nas/task/terms.ts';

const { metric } = termsOf();

describe('seedStatistics', () => {
  test('mean, sample standard deviation, best', () => {
    const { mean, sd, n, best } = seedStatistics([0.871, 0.869, 0.874]);
    expect(mean).toBeCloseTo(0.8713333333333333, 15);
    expect(sd).toBeCloseTo(0.0025166114784235852, 15);
    expect([n, best]).toEqual([3, 0.874]);
  });
  test('one value has no spread, none has no statistics', () => {
    expect(seedStatistics([0.5])).toEqual({ mean: 0.5, sd: 0, n: 1, best: 0.5, values: [0.5] });
    expect(() => seedStatistics([])).toThrow('no values');
  });
});

describe('pairedInterval', () => {
  test.each([
    {
      winner: [0.9712, 0.9725, 0.9701, 0.9733, 0.9718],
      baseline: [0.9698, 0.9709, 0.9706, 0.9711, 0.9695],
      expected: [0.0014, -2.0360525518593135e-6, 0.002802036052551862],
    },
    {
      winner: [0.871, 0.869, 0.874],
      baseline: [0.868, 0.872, 0.87],
      expected: [0.0013333333333333346, -0.008071460255584105, 0.010738126922250773],
    },
  ])('equals SciPy at n = $winner.length', ({ winner, baseline, expected }) => {
    const { meanDifference, interval } = pairedInterval(winner, baseline, [-1, 1]);
    [meanDifference, ...interval].forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 9));
  });
  test('unequal numbers of seeds are refused', () => {
    expect(() => pairedInterval([0.1], [0.1, 0.2], [-1, 1])).toThrow('1 and 2 values');
  });
});

describe('pairedVerdict', () => {
  test('better, worse, not distinguishable', () => {
    const high = [0.91, 0.912, 0.909];
    const low = [0.9, 0.903, 0.898];
    expect(pairedVerdict(high, low, metric)).toMatchObject({
      kind: 'better',
      text: 'better than the random cell at n = 3',
    });
    expect(pairedVerdict(low, high, metric)).toMatchObject({
      kind: 'worse',
      text: 'worse than the random cell at n = 3',
    });
    expect(pairedVerdict([0.91, 0.9, 0.909], [0.9, 0.912, 0.9], metric)).toMatchObject({
      kind: 'not-distinguishable',
      text: 'not distinguishable from the random cell at n = 3',
    });
  });
  test('an interval that touches zero does not distinguish', () => {
    const winner = [0.9712, 0.9725, 0.9701, 0.9733, 0.9718];
    expect(pairedVerdict(winner, [0.9698, 0.9709, 0.9706, 0.9711, 0.9695], metric).kind).toBe(
      'not-distinguishable',
    );
    expect(pairedVerdict(winner, winner, metric)).toMatchObject({
      kind: 'not-distinguishable',
      interval: [0, 0],
    });
    expect(pairedVerdict([0.1 + 0.2, 0.6], [0.3, 0.6], metric).kind).toBe('not-distinguishable');
  });
  test('one seed never decides', () => {
    expect(pairedVerdict([0.99], [0.1], metric)).toMatchObject({
      kind: 'not-distinguishable',
      interval: [-1, 1],
    });
  });
});

describe('kendallTau', () => {
  test('τ-b with ties equals SciPy', () => {
    expect(kendallTau([1, 2, 2, 3, 4, 5, 5, 5], [2, 1, 3, 3, 5, 4, 6, 4]).tau).toBeCloseTo(
      0.6805446536716204,
      14,
    );
  });
  test('from 10 pairs on: Fieller, Hartley & Pearson', () => {
    const x = [0.61, 0.58, 0.66, 0.7, 0.52, 0.63, 0.59, 0.68, 0.55, 0.64];
    const y = [0.861, 0.858, 0.866, 0.865, 0.849, 0.868, 0.853, 0.871, 0.856, 0.859];
    const { tau, interval, n } = kendallTau(x, y);
    expect([tau, n]).toEqual([expect.closeTo(0.6444444444444444, 14), 10]);
    expect(interval[0]).toBeCloseTo(0.23246142654217403, 10);
    expect(interval[1]).toBeCloseTo(0.8603489921813507, 10);
    expect(kendallTau(x, x).interval[0]).toBeCloseTo(0.9373030845055685, 10);
  });
  test('few pairs: the conservative interval', () => {
    const perfect = kendallTau([1, 2, 3, 4], [5, 6, 7, 8]);
    expect(perfect.tau).toBe(1);
    expect(perfect.interval[0]).toBeCloseTo(-0.31523954498669443, 10);
    expect(perfect.interval[1]).toBe(1);
    const third = kendallTau([1, 2, 3], [1, 3, 2]);
    expect(third.tau).toBeCloseTo(1 / 3, 14);
    expect(third.interval[0]).toBeCloseTo(-0.7411007789168672, 10);
    expect(third.interval[1]).toBeCloseTo(0.9283155518034961, 10);
  });
  test('no interval where one side is constant or there is nothing to rank', () => {
    expect(kendallTau([1, 1, 1], [1, 2, 3])).toMatchObject({ interval: [-1, 1], n: 3 });
    expect(kendallTau([1, 1, 1], [1, 2, 3]).tau).toBeUndefined();
    expect(kendallTau([1], [1]).tau).toBeUndefined();
    expect(() => kendallTau([1, 2], [1])).toThrow('2 and 1 values');
  });
  test.each([
    { n: 4, rho: 0.6, least: 0.95, most: 1 },
    { n: 12, rho: 0.5, least: 0.92, most: 0.97 },
    { n: 40, rho: 0, least: 0.92, most: 0.97 },
  ])('covers the truth of a binormal population at n = $n, ρ = $rho', ({ n, rho, least, most }) => {
    const random = randomFromSeed(n);
    const truth = (2 / Math.PI) * Math.asin(rho);
    const repeats = 1500;
    let covered = 0;
    for (let i = 0; i < repeats; i++) {
      const x = Array.from({ length: n }, () => random.normal());
      const y = x.map((value) => rho * value + Math.sqrt(1 - rho * rho) * random.normal());
      const { interval } = kendallTau(x, y);
      if (interval[0] <= truth && truth <= interval[1]) covered++;
    }
    expect(covered / repeats).toBeGreaterThanOrEqual(least);
    expect(covered / repeats).toBeLessThanOrEqual(most);
  });
});
