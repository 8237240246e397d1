import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkpoints, compareStrategies } from '../../nas/benchmark/comparison.ts';
import { readTable } from '../../nas/benchmark/formats.ts';
import { tabularSearch } from '../../nas/benchmark/tabular-search.ts';
import { hypervolume } from '../../nas/search/trials/pareto.ts';
import { STRATEGIES, strategyNamed } from '../../nas/search/registry.ts';

const text = gunzipSync(
  readFileSync(new URL('../../data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz', import.meta.url)),
).toString();
const header = text.slice(0, text.indexOf('\n')).split(',');
const table = readTable('nas-bench-macro', text, 'macro.csv');
const search = table.column('test_acc_1');
const score = table.score('test_acc_1');
const final = table.column('mean_acc');

const options = { search: 'test_acc_1', final: 'mean_acc', seed: 0, parallelism: 1 };

describe('a search on a table', () => {
  it('keeps the best by signal and never looks at the final score', () => {
    const run = tabularSearch(strategyNamed('random').bind(table.space), table, score, {
      evaluations: 50,
      seed: 4,
    });
    expect(run.evaluations).toBe(50);
    const signals = [...run.incumbents].map((row) => search[row] as number);
    expect(signals).toEqual([...signals].sort((a, b) => a - b));
  });

  it('runs trials in parallel within the same budget', () => {
    const run = tabularSearch(strategyNamed('genetic').bind(table.space), table, score, {
      evaluations: 50,
      seed: 4,
      parallelism: 7,
    });
    expect(run.evaluations).toBe(50);
  });
});

describe('random search', () => {
  it('finds the expected maximum of the table, as order statistics give it', () => {
    const n = 20;
    const runs = 400;
    const { strategies } = compareStrategies(table, {
      ...options,
      search: 'mean_acc',
      strategies: ['random'],
      evaluations: n,
      runs,
    });
    // E[max of n uniform draws] = Σ x_(i) ((i/N)^n − ((i−1)/N)^n) over the sorted scores.
    const sorted = [...final].sort((a, b) => a - b);
    const size = sorted.length;
    const expected = sorted.reduce((sum, x, i) => sum + x * (((i + 1) / size) ** n - (i / size) ** n), 0);
    const { mean, sd } = strategies[0]?.final ?? { mean: 0, sd: 0 };
    expect(Math.abs(mean - expected)).toBeLessThan((3.5 * sd) / Math.sqrt(runs));
  });
});

describe('the comparison', () => {
  const names = Object.values(STRATEGIES)
    .filter(
      ({ name, multiFidelity, multiObjective, needsController, refuses }) =>
        !multiFidelity &&
        !multiObjective &&
        !needsController &&
        !name.startsWith('judged-') &&
        refuses(table.space) === undefined,
    )
    .map(({ name }) => name);
  const compared = compareStrategies(table, { ...options, strategies: names, evaluations: 100, runs: 12 });

  it('ranks by the mean final score and states regret against the table’s optimum', () => {
    const means = compared.strategies.map(({ final: { mean } }) => mean);
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(compared.optimum).toBe(Math.max(...final));
    for (const { final: score, regret } of compared.strategies) {
      expect(regret.at(-1)?.mean).toBeCloseTo(compared.optimum - score.mean, 10);
      expect(score.interval[0]).toBeLessThanOrEqual(score.mean);
      expect(score.n).toBe(12);
    }
  });

  /** What random search is expected to end with: of n uniform draws, the one with the highest signal. */
  const expectedOfRandom = (n: number): number => {
    const rows = [...search.keys()].sort((a, b) => (search[a] as number) - (search[b] as number));
    const size = rows.length;
    return rows.reduce(
      (sum, row, i) => sum + (final[row] as number) * (((i + 1) / size) ** n - (i / size) ** n),
      0,
    );
  };

  it('shows no guided strategy below random search', () => {
    for (const { name, final: score } of compared.strategies)
      expect(score.interval[1], name).toBeGreaterThan(expectedOfRandom(100));
  });

  it(
    'shows the strategies that learn fast above random search, which is where it is expected to be',
    { timeout: 300_000 },
    () => {
      const fast = [
        'regularized-evolution',
        'non-aging-evolution',
        'local-search',
        'genetic',
        'reinforce',
        'ppo',
        'tpe',
      ];
      const { strategies } = compareStrategies(table, {
        ...options,
        strategies: ['random', ...fast],
        evaluations: 100,
        runs: 60,
      });
      const expected = expectedOfRandom(100);
      for (const { name, final: score } of strategies) {
        const [low, high] = score.interval;
        if (name === 'random') expect(low < expected && expected < high).toBe(true);
        else expect(low, name).toBeGreaterThan(expected);
      }
      expect(strategies.at(-1)?.name).toBe('random');
    },
  );

  it('is reproducible by its seed', () => {
    const again = compareStrategies(table, {
      ...options,
      strategies: names.slice(0, 4),
      evaluations: 100,
      runs: 12,
    });
    for (const strategy of again.strategies)
      expect(compared.strategies.find(({ name }) => name === strategy.name)?.final).toEqual(strategy.final);
  });

  it('refuses a population larger than the budget, of any strategy, before it runs one', () => {
    const bound = strategyNamed('regularized-evolution').bind(table.space);
    expect(() => bound.init({ evaluations: 40, options: { populationSize: 50 } }, 0)).toThrow(
      /populationSize: 50.*at most the 40 evaluations/,
    );
  });

  it('reports what a judge rejected, and what it trained of that after all', () => {
    const { strategies } = compareStrategies(table, {
      ...options,
      strategies: ['random', 'judged-random'],
      evaluations: 100,
      runs: 4,
    });
    const judged = strategies.find(({ name }) => name === 'judged-random');
    expect(judged?.summary['trained']).toBe(100);
    expect(judged?.summary['rejected']).toBeGreaterThan(20);
    expect(judged?.summary['held']).toBeGreaterThan(0);
    expect(judged?.summary['wronglyRejected']).toBeLessThan(0.5 * (judged?.summary['held'] as number));
    expect(strategies.find(({ name }) => name === 'random')?.summary).toEqual({});
  });

  it('weighs the final score against a minimised column, and counts only what is within limits', () => {
    const objective = { limits: { flops: { max: 5e7 } }, weights: {} };
    const { strategies, optimum } = compareStrategies(table, {
      ...options,
      strategies: ['random', 'nsga-net'],
      evaluations: 100,
      runs: 8,
      minimise: 'flops',
      objective,
    });
    const flops = table.column('flops');
    const allowed = [...final.keys()].filter((row) => (flops[row] as number) <= 5e7);
    // Of the first run of random search, by the rows that it saw.
    const bound = strategyNamed('random').bind(table.space);
    const seen = tabularSearch(bound, table, score, {
      ...{ evaluations: 100, seed: 0, objective, measures: { flops } },
    }).rows;
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.length).toBeLessThan(100);
    for (const row of seen) expect(allowed).toContain(row);
    const pointsOf = (rows: Iterable<number>) =>
      [...rows].map((row) => [final[row] as number, -(flops[row] as number)]);
    const reference = [0, 1].map((axis) =>
      Math.min(...pointsOf(allowed).map((point) => point[axis] as number)),
    );
    const first = compareStrategies(table, {
      ...{ ...options, strategies: ['random'], evaluations: 100, runs: 1, minimise: 'flops', objective },
    }).strategies[0];
    expect(first?.tradeOff?.hypervolume.mean).toBeCloseTo(
      hypervolume(pointsOf(seen), reference) / hypervolume(pointsOf(allowed), reference),
      12,
    );
    expect(optimum).toBe(Math.max(...[...final].filter((_, row) => (flops[row] as number) <= 5e7)));
    const volume = (name: string): number =>
      strategies.find((strategy) => strategy.name === name)?.tradeOff?.hypervolume.mean ?? 0;
    expect(volume('nsga-net')).toBeGreaterThan(volume('random'));
    expect(volume('nsga-net')).toBeLessThanOrEqual(1);
    for (const { tradeOff, final: score } of strategies) {
      expect(score.mean).toBeLessThanOrEqual(optimum);
      const costs = tradeOff?.front.map(({ cost }) => cost) ?? [];
      expect(costs).toEqual([...costs].sort((a, b) => b - a));
      expect(costs.length).toBeGreaterThan(2);
      expect(Math.max(...costs)).toBeLessThanOrEqual(5e7);
    }
    expect(() =>
      compareStrategies(table, {
        ...options,
        strategies: ['random'],
        evaluations: 5,
        runs: 1,
        objective: { limits: { flops: { max: 1 } }, weights: {} },
      }),
    ).toThrow(/objective\.limits.*some architecture of the table satisfies/);
  });

  it('leaves out the runs that found nothing within the limits, and says how many they are', () => {
    const flops = table.column('flops');
    const under = (most: number, runs: number) =>
      compareStrategies(table, {
        ...{ ...options, strategies: ['random', 'regularized-evolution'], evaluations: 5, runs },
        objective: { limits: { flops: { max: most } }, weights: {} },
      });
    // A twentieth of the networks is within this limit.
    const most = [...flops].sort((a, b) => a - b)[328] as number;
    const { strategies } = under(most, 40);
    const random = strategies.find(({ name }) => name === 'random');
    const found = Array.from({ length: 40 }, (_, seed) => {
      const { rows } = tabularSearch(strategyNamed('random').bind(table.space), table, score, {
        ...{ evaluations: 5, seed, measures: { flops } },
        objective: { limits: { flops: { max: most } }, weights: {} },
      });
      return [...rows].sort((a, b) => (search[b] as number) - (search[a] as number)).slice(0, 1);
    }).flat();
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(40);
    expect(random?.final.n).toBe(found.length);
    expect(random?.foundNothing).toBe(40 - found.length);
    const finals = found.map((row) => final[row] as number);
    expect(random?.final.mean).toBeCloseTo(finals.reduce((a, b) => a + b, 0) / finals.length, 9);
    expect(random?.regret.at(-1)?.n).toBe(found.length);

    const none = under(Math.min(...flops), 3).strategies;
    for (const strategy of none)
      expect(JSON.parse(JSON.stringify(strategy))).toMatchObject({
        ...{ foundNothing: 3, rank: 1, regret: [] },
        final: { mean: null, sd: null, n: 0, interval: [null, null] },
      });
  });

  it('never finds a network that the table marks as not measured', () => {
    const lines = text.trim().split('\n');
    const latencies = [...table.column('flops')].map((flops, i) =>
      flops < 3e7 ? -1 : i % 7 === 0 ? 0 : flops / 1e7,
    );
    const marked = lines.map((line, i) => `${line},${i === 0 ? 'latency' : latencies[i - 1]}`);
    const own = readTable('nas-bench-macro', marked.join('\n'), 'own.csv');
    const { strategies } = compareStrategies(own, {
      ...{ ...options, strategies: ['random', 'nsga-net'], evaluations: 60, runs: 2, minimise: 'latency' },
    });
    for (const { tradeOff } of strategies) {
      expect(tradeOff?.front.length).toBeGreaterThan(1);
      for (const { cost } of tradeOff?.front ?? []) expect(cost).toBeGreaterThanOrEqual(0);
    }
    const limits = { latency: { max: 0 } };
    const limited = compareStrategies(own, {
      ...{ ...options, strategies: ['random'], evaluations: 5, runs: 1, objective: { limits, weights: {} } },
    });
    const zeros = marked.slice(1).filter((line) => line.endsWith(',0'));
    expect(limited.optimum).toBe(
      Math.max(...zeros.map((line) => Number(line.split(',')[header.indexOf('mean_acc')]))),
    );
    expect(() =>
      compareStrategies(own, {
        ...{ ...options, strategies: ['random'], evaluations: 5, runs: 1 },
        objective: { limits: {}, weights: { latency: { target: 3, exponent: -0.07 } } },
      }),
    ).toThrow(/objective\.weights: "latency".*the table has 0 for/);
  });

  it('names the strategies where one is unknown', () => {
    expect(() => strategyNamed('evolution')).toThrow(/strategy: "evolution".*regularized-evolution/);
  });
});

it('puts checkpoints at 1, 2, 5, 10, … and the budget', () => {
  expect(checkpoints(300)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 300]);
  expect(checkpoints(1)).toEqual([1]);
  expect(checkpoints(20)).toEqual([1, 2, 5, 10, 20]);
});
