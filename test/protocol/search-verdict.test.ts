import { mean, sampleStandardDeviation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { Random } from '../../nas/core/random.ts';
import { powerOf, searchesFor, visibleEffect } from '../../nas/protocol/power.ts';
import { searchVerdict, spreadsOf } from '../../nas/protocol/search-verdict.ts';
import type { SearchPair } from '../../nas/protocol/search-verdict.ts';
import { pairedVerdict } from '../../nas/protocol/statistics.ts';
import { termsOf } from '../../nas/task/terms.ts';
import { USUAL, chosen, shareOf, simulatedPairs } from '../../bench/verdict/simulated-searches.ts';
import type { Scatter } from '../../bench/verdict/simulated-searches.ts';

const { metric } = termsOf();
const pair = (winner: number[], baseline: number[]): SearchPair => ({ winner, baseline });

describe('searchVerdict', () => {
  const better = [
    pair([0.93, 0.932], [0.9, 0.904]),
    pair([0.931, 0.935], [0.903, 0.901]),
    pair([0.929, 0.931], [0.9, 0.902]),
  ];
  test('says better, worse and not distinguishable of the search, over searches', () => {
    expect(searchVerdict(better, metric)).toMatchObject({
      kind: 'better',
      text: 'better than random search of the same budget over 3 searches',
      claim: 'search',
      n: 3,
    });
    const turned = better.map(({ winner, baseline }) => pair([...baseline], [...winner]));
    expect(searchVerdict(turned, metric).kind).toBe('worse');
    const mixed = [better[0] as SearchPair, turned[1] as SearchPair];
    expect(searchVerdict(mixed, metric)).toMatchObject({
      kind: 'not-distinguishable',
      text: 'not distinguishable from random search of the same budget over 2 searches',
    });
  });

  test('is Welch’s interval of the means of the winners', () => {
    // Means 0.931, 0.933, 0.93 and 0.902, 0.902, 0.901; R: t.test(c(…), c(…)) in the arithmetic of
    // welch.test.ts.
    const { interval, meanDifference } = searchVerdict(better, metric);
    const [a, b] = [
      [0.931, 0.933, 0.93],
      [0.902, 0.902, 0.901],
    ] as const;
    expect(meanDifference).toBeCloseTo(mean([...a]) - mean([...b]), 12);
    const [u, v] = [a, b].map((values) => sampleStandardDeviation([...values]) ** 2 / 3) as [number, number];
    const half = (interval[1] - interval[0]) / 2 / Math.sqrt(u + v);
    // The t quantile of 2.5 degrees of freedom lies between those of 2 (4.3027) and 3 (3.1824).
    expect((u + v) ** 2 / (u ** 2 / 2 + v ** 2 / 2)).toBeCloseTo(2.564, 2);
    expect(half).toBeLessThan(4.3027);
    expect(half).toBeGreaterThan(3.1824);
  });

  test('counts a winner once, however often it was trained', () => {
    const often = better.map(({ winner, baseline }) => pair([...winner, ...winner], [...baseline]));
    expect(searchVerdict(often, metric).interval).toEqual(searchVerdict(better, metric).interval);
  });

  test('claims nothing without a spread, and of one search', () => {
    expect(searchVerdict([pair([0.9], [0.8]), pair([0.9], [0.8])], metric)).toMatchObject({
      kind: 'not-distinguishable',
      interval: [-1, 1],
    });
    expect(() => searchVerdict([pair([0.9, 0.91], [0.8, 0.81])], metric)).toThrow('expected at least 2');
  });
});

const rate = (repeats: number, says: (random: Random) => boolean): number =>
  shareOf(repeats, randomFromSeed(20261122), says);

/** Rates are measured to a standard error of 0.35 percentage points. */
const REPEATS = 4000;
const decides = (pairs: readonly SearchPair[]): boolean =>
  searchVerdict(pairs, metric).kind !== 'not-distinguishable';

describe('when search and random search are the same', () => {
  const three = (): number => 3;
  test.each([2, 3, 4, 5, 6, 7, 8, 9, 10])('at most 6 in 100 verdicts say otherwise, of %i searches', (n) => {
    expect(
      rate(REPEATS, (random) => decides(simulatedPairs(random, n, { search: USUAL, seeds: three }))),
    ).toBeLessThanOrEqual(0.06);
  });

  const settings: readonly {
    readonly name: string;
    readonly search: Scatter;
    readonly seeds?: () => number;
  }[] = [
    { name: 'cells alike, trainings apart', search: { ...USUAL, cells: 0.02, trainings: 0.4 } },
    { name: 'cells apart, trainings alike', search: { ...USUAL, cells: 0.6, trainings: 0.02 } },
    { name: 'a choice among 64 by a sure score', search: { ...USUAL, validation: 0.05, among: 64 } },
    { name: 'one training a winner', search: USUAL, seeds: () => 1 },
  ];
  test.each(settings)('nor with $name', ({ search, seeds = three }) => {
    for (const n of [2, 5])
      expect(
        rate(REPEATS / 2, (random) => decides(simulatedPairs(random, n, { search, seeds }))),
      ).toBeLessThanOrEqual(0.06);
  });

  test('nor where trainings were lost, so that winners have 1 to 10', () => {
    for (const n of [2, 3, 5, 10])
      expect(
        rate(REPEATS / 2, (random) =>
          decides(simulatedPairs(random, n, { search: USUAL, seeds: () => 1 + random.int(10) })),
        ),
      ).toBeLessThanOrEqual(0.06);
  });

  test('nor where the search always finds a cell as good as random search does on average', () => {
    const random = randomFromSeed(1);
    const average = mean(Array.from({ length: 100_000 }, () => chosen(random, USUAL)));
    const sure: Scatter = { ...USUAL, cells: 0 };
    for (const n of [2, 3, 5])
      expect(
        rate(REPEATS, (r) =>
          decides(simulatedPairs(r, n, { search: sure, baseline: USUAL, effect: average, seeds: three })),
        ),
      ).toBeLessThanOrEqual(0.06);
  });

  test('a verdict over the trainings of two cells would be wrong the more often the more there are', () => {
    const wrong = [3, 5, 10].map((seeds) =>
      rate(REPEATS / 2, (random) => {
        const [one] = simulatedPairs(random, 1, { search: USUAL, seeds: () => seeds });
        return pairedVerdict(one?.winner ?? [], one?.baseline ?? [], metric).kind !== 'not-distinguishable';
      }),
    );
    // 28, 47 and 66 %.
    [0.28, 0.47, 0.66].forEach((expected, i) =>
      expect(Math.abs((wrong[i] ?? 0) - expected)).toBeLessThan(0.04),
    );
  });
});

describe('spreadsOf', () => {
  test('separates what searches and what trainings add', () => {
    const random = randomFromSeed(3);
    const { searches, trainings = 0 } = spreadsOf(
      simulatedPairs(random, 400, { search: { ...USUAL, among: 1 }, seeds: () => 1 + random.int(5) }),
    );
    expect(100 * searches).toBeCloseTo(0.2, 1);
    expect(100 * trainings).toBeCloseTo(0.12, 2);
  });
  test('leaves one training a winner in one number, and a negative component at 0', () => {
    const { searches, ...rest } = spreadsOf([pair([0.1], [0.3]), pair([0.2], [0.4])]);
    expect(searches).toBeCloseTo(Math.sqrt(0.005), 12);
    expect(rest).toEqual({});
    expect(spreadsOf([pair([0.1, 0.9], [0.2, 0.8]), pair([0.2, 0.8], [0.1, 0.9])]).searches).toBe(0);
  });
});

describe('power', () => {
  /** Of a winner at the setting: chosen by a score that is mostly noise. */
  const sd = (() => {
    const random = randomFromSeed(2);
    return sampleStandardDeviation(Array.from({ length: 50_000 }, () => chosen(random, USUAL)));
  })();
  const design = { trainings: 3, spreads: { searches: sd, trainings: USUAL.trainings } };

  test.each([
    [2, 0.5],
    [3, 0.3],
    [6, 0.3],
    [10, 0.2],
  ])('is what %i searches see of an effect of %f', (searches, effect) => {
    const seen = rate(REPEATS, (random) => {
      const pairs = simulatedPairs(random, searches, { search: USUAL, effect, seeds: () => 3 });
      return searchVerdict(pairs, metric).kind === 'better';
    });
    expect(Math.abs(powerOf(effect, { ...design, searches }) - seen)).toBeLessThan(0.015);
  });

  test('without an effect it is half of the false verdicts, below 2.5 %', () => {
    for (const searches of [2, 3, 5, 10, 50]) {
      const wrong = powerOf(0, { ...design, searches });
      expect(wrong).toBeLessThanOrEqual(0.0251);
      expect(wrong).toBeGreaterThan(0.01);
    }
  });

  test('names the least number of searches, and the least effect', () => {
    const needed = searchesFor(0.3, design) ?? 0;
    expect(powerOf(0.3, { ...design, searches: needed })).toBeGreaterThanOrEqual(0.8);
    expect(powerOf(0.3, { ...design, searches: needed - 1 })).toBeLessThan(0.8);
    expect(searchesFor(10, design)).toBe(2);
    expect(searchesFor(0.001, design)).toBeUndefined();
    const effect = visibleEffect({ ...design, searches: 6 });
    expect(powerOf(effect, { ...design, searches: 6 })).toBeCloseTo(0.8, 2);
    expect(searchesFor(effect, design)).toBe(6);
  });

  test('does without a spread of trainings, and without any', () => {
    expect(powerOf(0.3, { searches: 6, trainings: 1, spreads: { searches: sd } })).toBeGreaterThan(0.6);
    expect(powerOf(0.3, { searches: 2, trainings: 1, spreads: { searches: 0 } })).toBe(1);
    expect(visibleEffect({ searches: 2, trainings: 1, spreads: { searches: 0 } })).toBe(0);
  });
});
