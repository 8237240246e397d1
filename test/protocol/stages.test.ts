import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  baselineCellsToAdd,
  evenShare,
  rankByValidation,
  selectBySearch,
  selectForRetraining,
} from '../../nas/protocol/stages.ts';

const candidates = (...scores: [string, number, number?][]) =>
  scores.map(([genotype, score, rescored]) => ({
    genotype,
    score,
    ...(rescored === undefined ? {} : { rescored }),
  }));
const identity = (genotype: string): string => genotype;
const names = (cells: readonly { genotype: string }[]): string[] => cells.map((cell) => cell.genotype);

describe('selectForRetraining', () => {
  it('takes the best cell of every seed before any second best, as Li & Talwalkar do', () => {
    const seeds = [
      { seed: 0, candidates: candidates(['a', 0.5, 0.9], ['b', 0.5, 0.8]) },
      { seed: 1, candidates: candidates(['c', 0.5, 0.3], ['d', 0.5, 0.2]) },
    ];
    expect(names(selectForRetraining(seeds, 3, identity))).toEqual(['a', 'c', 'b']);
  });

  it('counts cells of the same network once', () => {
    const seeds = [
      { seed: 0, candidates: candidates(['a1', 0.9], ['b', 0.8]) },
      { seed: 1, candidates: candidates(['a2', 0.7], ['c', 0.6]) },
    ];
    expect(names(selectForRetraining(seeds, 3, (g) => g.charAt(0)))).toEqual(['a1', 'b', 'c']);
  });

  it('orders a round by the re-scored accuracy where there is one, ties by seed', () => {
    const seeds = [
      { seed: 0, candidates: candidates(['a', 0.9, 0.1]) },
      { seed: 1, candidates: candidates(['b', 0.2]) },
      { seed: 2, candidates: candidates(['c', 0.2]) },
    ];
    expect(names(selectForRetraining(seeds, 3, identity))).toEqual(['b', 'c', 'a']);
  });

  it('returns what there is when the seeds found fewer distinct cells', () => {
    expect(selectForRetraining([], 4, identity)).toEqual([]);
    expect(selectForRetraining([{ seed: 0, candidates: candidates(['a', 1]) }], 4, identity)).toHaveLength(1);
  });
});

describe('selectBySearch', () => {
  const seeds = [
    { seed: 3, candidates: candidates(['a', 0.9], ['b', 0.8], ['c', 0.7]) },
    { seed: 5, candidates: candidates(['a', 0.2], ['d', 0.1]) },
  ];
  const select = (found: typeof seeds, topK: number) =>
    selectBySearch(found, { topK, planned: [3, 4, 5] }, identity).map(({ search, cells }) => [
      search,
      names(cells),
    ]);

  it('takes the best cells of each search, also one that another search has found', () => {
    expect(select(seeds, 3)).toEqual([
      [3, ['a']],
      [5, ['a']],
    ]);
    expect(select(seeds, 6)).toEqual([
      [3, ['a', 'b']],
      [5, ['a', 'd']],
    ]);
  });

  it('takes as many of each whatever became of the others, the first ones one more', () => {
    expect(select(seeds.slice(1), 3)).toEqual([[5, ['a']]]);
    expect(select(seeds, 4)).toEqual([
      [3, ['a', 'b']],
      [5, ['a']],
    ]);
    expect([0, 1, 2].map((i) => evenShare(7, 3, i))).toEqual([3, 2, 2]);
  });
});

describe('rankByValidation', () => {
  it('puts the best first and breaks ties by job id, whatever the order of arrival', () => {
    const cells = [
      { jobId: 'b', genotype: 'x', score: 0.5 },
      { jobId: 'a', genotype: 'y', score: 0.5 },
      { jobId: 'c', genotype: 'z', score: 0.7 },
    ];
    const ranked = ['c', 'a', 'b'];
    expect(rankByValidation(cells).map((cell) => cell.jobId)).toEqual(ranked);
    expect(rankByValidation([...cells].reverse()).map((cell) => cell.jobId)).toEqual(ranked);
  });
});

describe('baselineCellsToAdd', () => {
  /** Adds cells in waves as stage 3 does, and answers what they cost, which may not be what was expected. */
  const spend = (budget: number, expected: readonly number[], costs = expected): number[] => {
    const spent: number[] = [];
    function* next(): Generator<number> {
      for (let at = spent.length; ; at++) yield expected[at % expected.length] as number;
    }
    for (;;) {
      const more = baselineCellsToAdd({ budget, spent, next: next() });
      if (more === 0) return spent;
      for (let i = 0; i < more; i++) spent.push(costs[spent.length % costs.length] as number);
    }
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

  it('spends exactly the budget when the cells cost the same', () => {
    expect(spend(100, [10])).toHaveLength(10);
  });

  it('trains one cell more when a remainder is left, and at least one', () => {
    expect(spend(101, [10])).toHaveLength(11);
    expect(spend(1, [10])).toHaveLength(1);
    expect(baselineCellsToAdd({ budget: 0, spent: [], next: [5, 5] })).toBe(1);
    expect(baselineCellsToAdd({ budget: 10, spent: [], next: [0, 0] })).toBe(1);
    expect(baselineCellsToAdd({ budget: 10, spent: [0], next: [0] })).toBe(0);
  });

  it('ends with a space that is used up', () => {
    expect(baselineCellsToAdd({ budget: 100, spent: [10], next: [10, 10] })).toBe(2);
    expect(baselineCellsToAdd({ budget: 100, spent: [10, 10, 10], next: [] })).toBe(0);
  });

  const cost = fc.double({ min: 1, max: 1000, noNaN: true });
  const costs = fc.array(cost, { minLength: 1, maxLength: 20 });
  const budgets = fc.double({ min: 0.1, max: 10_000, noNaN: true });

  it('is never below the budget, and above it by less than its last cell', () => {
    fc.assert(
      fc.property(budgets, costs, (budget, expected) => {
        const spent = spend(budget, expected);
        expect(sum(spent)).toBeGreaterThanOrEqual(budget * (1 - 1e-12));
        expect(sum(spent.slice(0, -1))).toBeLessThan(budget * (1 + 1e-12));
      }),
    );
  });

  it('ends, never below the budget, whatever the cells turn out to cost', () => {
    fc.assert(
      fc.property(budgets, costs, costs, (budget, expected, actual) => {
        expect(sum(spend(budget, expected, actual))).toBeGreaterThanOrEqual(budget * (1 - 1e-12));
      }),
    );
  });
});
