import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import { SPACES } from '../../nas/space/registry.ts';
import { checkObjective, endUnder, objectiveSchema, outcomeUnder } from '../../nas/search/objective.ts';
import {
  crowdingDistances,
  dominates,
  hypervolume,
  nonDominatedRanks,
  paretoFront,
} from '../../nas/search/trials/pareto.ts';
import { strategyNamed } from '../../nas/search/registry.ts';
import type { Trial } from '../../nas/search/strategy.ts';

describe('the front', () => {
  const points = [
    [1, 5],
    [2, 4],
    [2, 2],
    [4, 1],
    [0, 0],
    [2, 4],
  ];

  it('holds what nothing dominates, equals included', () => {
    expect(paretoFront(points)).toEqual([0, 1, 3, 5]);
    expect(nonDominatedRanks(points)).toEqual([0, 0, 1, 0, 2, 0]);
    expect(dominates([1, 1], [1, 1])).toBe(false);
  });

  it('is least crowded at its ends', () => {
    const line = [
      [0, 4],
      [1, 3],
      [3, 1],
      [4, 0],
    ];
    const distances = crowdingDistances(line, [0, 0, 0, 0]);
    expect(distances).toEqual([Infinity, 1.5, 1.5, Infinity]);
  });

  it('has the volume of the union of its boxes', () => {
    expect(
      hypervolume(
        [
          [1, 3],
          [2, 2],
          [3, 1],
          [1, 1],
        ],
        [0, 0],
      ),
    ).toBe(6);
    const random = randomFromSeed(3);
    const cloud = Array.from({ length: 12 }, () => [random.uniform(), random.uniform()]);
    const draws = Array.from({ length: 20_000 }, () => [random.uniform(), random.uniform()]);
    const below = draws.filter((draw) => cloud.some((point) => point.every((x, i) => x >= (draw[i] ?? 1))));
    expect(Math.abs(below.length / draws.length - hypervolume(cloud, [0, 0]))).toBeLessThan(0.015);
  });
});

describe('an objective', () => {
  const score = (value: number, multiplyAdds: number) =>
    ({ kind: 'score', value, measures: { multiplyAdds } }) as const;

  it('makes what is beyond a limit infeasible, and weighs what is dear', () => {
    const limited = objectiveSchema.parse({ limits: { multiplyAdds: { max: 100 } } });
    expect(outcomeUnder(limited, score(0.9, 100))).toEqual(score(0.9, 100));
    expect(outcomeUnder(limited, score(0.9, 101))).toEqual({ kind: 'infeasible' });
    const weighed = objectiveSchema.parse({ weights: { multiplyAdds: { target: 50 } } });
    expect(outcomeUnder(weighed, score(0.9, 50))).toMatchObject({ value: 0.9 });
    expect(outcomeUnder(weighed, score(0.9, 100))).toMatchObject({ value: 0.9 * 2 ** -0.07 });
    expect(outcomeUnder(weighed, { kind: 'lost' })).toEqual({ kind: 'lost' });
    expect(() => outcomeUnder(weighed, { kind: 'score', value: 1 })).toThrow(/multiplyAdds was not measured/);
  });

  it('turns the end of a trial into what its search records, and keeps what it cost', () => {
    const spent = { multiplyAdds: 9, images: 1, attempts: 1, reclaims: 0, seconds: 2 };
    const end = { kind: 'score', value: 0.9, measures: { parameters: 7, multiplyAdds: 101 }, spent } as const;
    const limited = objectiveSchema.parse({ limits: { multiplyAdds: { max: 100 } } });
    expect(endUnder(undefined, end)).toBe(end);
    expect(endUnder(limited, end)).toMatchObject({ kind: 'infeasible', spent });
    const lost = { kind: 'lost', reason: 'reclaimed' } as const;
    expect(endUnder(limited, lost)).toBe(lost);
  });

  it('makes infeasible what has no finite weight', () => {
    const weighed = objectiveSchema.parse({ weights: { multiplyAdds: { target: 50 } } });
    const spent = { multiplyAdds: 0, images: 1, attempts: 1, reclaims: 0, seconds: 2 };
    for (const multiplyAdds of [0, -1]) {
      expect(outcomeUnder(weighed, score(0.9, multiplyAdds))).toEqual({ kind: 'infeasible' });
      const end = { kind: 'score', value: 0.9, measures: { parameters: 7, multiplyAdds }, spent } as const;
      expect(endUnder(weighed, end)).toEqual({
        kind: 'infeasible',
        reason: expect.stringMatching(/weighs is not above zero/) as string,
        spent,
      });
    }
  });

  it('refuses limits that no count or timing can be within, of a table only what its rows say', () => {
    for (const most of [0, -5]) {
      const limited = objectiveSchema.parse({ limits: { parameters: { max: most } } });
      expect(() => checkObjective(limited, ['parameters'], { positive: true })).toThrow(
        /limits\.parameters\.max: .*numbers above 0/,
      );
      expect(() => checkObjective(limited, ['parameters'])).not.toThrow();
    }
  });

  it.each([
    [{ limits: { flops: { max: 1 } } }, /objective\.limits: "flops".*multiplyAdds/],
    [{ limits: { multiplyAdds: { min: 5, max: 4 } } }, /min ≤ max/],
    [{ limits: { multiplyAdds: {} } }, /min, max or both/],
    [
      { limits: { multiplyAdds: { max: 4 } }, weights: { multiplyAdds: { target: 5 } } },
      /weights\.multiplyAdds\.target.*at most the limit 4/,
    ],
  ])('refuses %j', (given, message) => {
    expect(() => checkObjective(objectiveSchema.parse(given), ['multiplyAdds'])).toThrow(message);
  });
});

it('nsga-net keeps cheap and good networks where evolution by the score alone keeps good ones', () => {
  const space = SPACES['nas-bench-macro'];
  // The score grows with the digits, and so does the cost.
  const measure = ({ genotype }: Trial) => {
    const sum = [...(genotype as string)].reduce((total, digit) => total + Number(digit), 0);
    return { value: Math.sqrt(sum), measures: { multiplyAdds: sum } };
  };
  const seen = (name: string): readonly number[] => {
    const strategy = strategyNamed(name).bind(space);
    let state = strategy.init({ evaluations: 150 }, 2);
    const sums: number[] = [];
    for (;;) {
      const [asked, trials] = strategy.ask(state, 1);
      if (trials.length === 0) return sums.slice(-60);
      state = strategy.tell(
        asked,
        trials.map((trial) => {
          const measured = measure(trial);
          sums.push(measured.measures.multiplyAdds);
          return { trial, outcome: { kind: 'score', ...measured } };
        }),
      );
    }
  };
  const spread = (sums: readonly number[]): number => Math.max(...sums) - Math.min(...sums);
  expect(spread(seen('nsga-net'))).toBeGreaterThan(spread(seen('regularized-evolution')) + 4);
});
