import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../nas/benchmark/comparison.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TABLE = 'data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz';
const GOOD = [
  '--table',
  TABLE,
  '--space',
  'nas-bench-macro',
  '--search',
  'test_acc_1',
  '--final',
  'mean_acc',
];

const bench = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['scripts/run.mjs', 'bench/main.ts', 'tabular', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });

describe('bench tabular', () => {
  it('prints one JSON document with the strategies in rank order', () => {
    const strategies = 'random,regularized-evolution,reinforce';
    const { status, stdout, stderr } = bench(
      ...GOOD,
      ...['--strategy', strategies, '--evaluations', '30', '--runs', '5', '--seed', '3', '--json'],
    );
    expect(stderr).toContain('reinforce: ');
    expect(status).toBe(0);
    const comparison = JSON.parse(stdout) as Comparison;
    expect(comparison.strategies.map(({ name }) => name).sort()).toEqual([
      'random',
      'regularized-evolution',
      'reinforce',
    ]);
    for (const { final, rank } of comparison.strategies) {
      expect(final.n).toBe(5);
      expect(final.mean).toBeGreaterThan(80);
      expect(final.mean).toBeLessThanOrEqual(comparison.optimum);
      expect(rank).toBeGreaterThanOrEqual(1);
    }
  });

  it.each([
    ['an unknown column', [...GOOD.slice(0, -1), 'mean'], /final: "mean".*nearest: mean_acc/],
    ['an unknown strategy', [...GOOD, '--strategy', 'randm'], /--strategy: "randm".*random/],
    [
      'a strategy of another space',
      [...GOOD, '--strategy', 'nasbot'],
      /nasbot cannot search nas-bench-macro/,
    ],
    ['a scheduler of partial training', [...GOOD, '--strategy', 'asha'], /asha cannot search/],
    ['a missing file', ['--table', 'none.csv', ...GOOD.slice(2)], /table: "none\.csv"/],
    ['a table of another space', [...GOOD.slice(0, 3), 'nas-bench-201', ...GOOD.slice(4)], /table\.arch/],
    ['no evaluations', [...GOOD, '--evaluations', '0'], /whole numbers from 1/],
  ])('refuses %s with exit code 2 and nothing on stdout', (_, args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
