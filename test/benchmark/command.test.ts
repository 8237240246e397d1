import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../bench/tabular.ts';
import type { Comparison } from '../../nas/benchmark/comparison.ts';
import { exitCodeOf } from '../../scripts/exit-code.ts';

afterEach(() => vi.restoreAllMocks());

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

  it('runs schedulers where columns are mapped to shares of the training, and says how where none is', () => {
    const schedulers = ['--strategy', 'random,asha,bohb,hyperband', '--evaluations', '20', '--runs', '3'];
    const shares = ['1/9=test_acc_2', '3/9=test_acc_3'].flatMap((share) => ['--fidelity', share]);
    const { status, stdout } = bench(...GOOD, ...schedulers, ...shares, '--json');
    expect(status).toBe(0);
    const { strategies } = JSON.parse(stdout) as Comparison;
    expect(strategies.map(({ name }) => name).sort()).toEqual(['asha', 'bohb', 'hyperband', 'random']);
    for (const { evaluations, final } of strategies) {
      expect(evaluations).toBe(20);
      expect(final.mean).toBeGreaterThan(80);
    }
    const without = bench(...GOOD, ...schedulers);
    expect(without.status).toBe(2);
    expect(without.stderr).toContain('--fidelity SHARE=COLUMN');
    const wrong = bench(...GOOD, ...schedulers, '--fidelity', '9/3=test_acc_2');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('the share a number or a fraction between 0 and 1');
    const missing = bench(...GOOD, ...schedulers, '--fidelity', '1/3=test_acc_9');
    expect(missing.status).toBe(2);
    expect(missing.stderr).toMatch(/--fidelity: .*test_acc_9/);
  });

  it('runs a strategy that is named twice once, and populations in a single evaluation; draws the curves', () => {
    const plot = join(mkdtempSync(join(tmpdir(), 'nas-bench-')), 'regret.svg');
    const { status, stdout } = bench(
      ...GOOD,
      ...['--strategy', 'random, random,regularized-evolution,genetic', '--evaluations', '1', '--runs', '1'],
      ...['--plot', plot],
    );
    expect(status).toBe(0);
    expect(readFileSync(plot, 'utf8')).toContain('regularized-evolution');
    expect(stdout.match(/^\d+ +(\S+)/gm)).toHaveLength(3);
  });

  it('says where no run found anything within the limits', () => {
    const limits = ['--limit', 'flops=7713280', '--limit', 'params=3e6', '--minimise', 'flops'];
    const { status, stdout } = bench(
      ...GOOD,
      ...[...limits, '--strategy', 'random', '--evaluations', '3', '--runs', '2'],
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^1 +random +– +– +0\.0 +0\.000 ± 0\.000$/m);
    expect(stdout).toContain('random: no run found anything within the limits');
  });

  it('prints fractions as exactly as percent', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nas-bench-'));
    const [header, ...lines] = gunzipSync(readFileSync(join(ROOT, TABLE)))
      .toString()
      .trim()
      .split('\n');
    const columns = header?.split(',') ?? [];
    const rows = lines.map((line) =>
      line
        .split(',')
        .map((cell, i) => (columns[i] === 'mean_acc' ? String(Number(cell) / 100) : cell))
        .join(','),
    );
    writeFileSync(join(folder, 'fractions.csv'), [header, ...rows].join('\n'));
    const { stdout } = bench(
      ...['--table', join(folder, 'fractions.csv'), ...GOOD.slice(2)],
      ...['--strategy', 'random', '--evaluations', '20', '--runs', '5'],
    );
    expect(stdout).toMatch(/random +0\.9\d{4} ± 0\.0\d{4} /);
    expect(stdout).not.toContain('± 0.00000');
  });

  it.each([
    ['an unknown column', [...GOOD.slice(0, -1), 'mean'], /--final: "mean".*nearest: mean_acc/],
    ['an unknown strategy', [...GOOD, '--strategy', 'randm'], /--strategy: "randm".*did you mean random/],
    [
      'a strategy of another space',
      [...GOOD, '--strategy', 'nasbot'],
      /nasbot cannot search nas-bench-macro/,
    ],
    ['all and another', [...GOOD, '--strategy', 'all,random'], /--strategy: "all,random".*all by itself/],
    ['a limited column that is none', [...GOOD, '--limit', 'flop = 3e7'], /--limit: "flop".*nearest: flops/],
    [
      'a minimised column that is none',
      [...GOOD, '--minimise', 'size'],
      /--minimise: "size".*no such column/,
    ],
    ['a minimised score', [...GOOD, '--minimise', 'mean_acc'], /--minimise: "mean_acc".*to be small/],
    ['a scheduler of partial training', [...GOOD, '--strategy', 'asha'], /asha cannot search/],
    ['a missing file', ['--table', 'none.csv', ...GOOD.slice(2)], /table: "none\.csv"/],
    ['a table of another space', [...GOOD.slice(0, 3), 'nas-bench-201', ...GOOD.slice(4)], /table\.arch/],
    [
      'two limits of one column',
      [...GOOD, '--limit', 'flops=3e7', '--limit', 'flops=9e7'],
      /one limit for each column; flops has 30000000 already/,
    ],
    ['no evaluations', [...GOOD, '--evaluations', '0'], /whole numbers from 1/],
    ['more evaluations than any machine holds', [...GOOD, '--evaluations', '1e12'], /from 1 to 1000000/],
    [
      'seeds that would be rounded',
      [...GOOD, '--seed', '9007199254740991', '--runs', '3'],
      /--seed: 9007199254740991.*to 9007199254740989 with 3 runs/,
    ],
    ['a limit that is no decimal number', [...GOOD, '--limit', 'flops=0x5000000'], /COLUMN=NUMBER/],
    [
      'a chart for which there is no folder, before the first run',
      [...GOOD, '--runs', '1', '--strategy', 'random', '--plot', '/none/regret.svg'],
      /^--plot: "\/none\/regret\.svg".*in a folder that exists/,
    ],
    [
      'two charts in one file',
      [...GOOD, '--minimise', 'flops', '--plot', 'x.svg', '--plot-front', './x.svg'],
      /--plot-front: .*another file/,
    ],
  ])('refuses %s before it runs or prints anything', async (_, args, message) => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    let complaint = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((complaint += String(text)), true));
    const error = await run(args).catch((thrown: unknown) => thrown);
    expect(exitCodeOf(error)).toBe(2);
    expect((error as Error).message).toMatch(message);
    expect(out).not.toHaveBeenCalled();
    // No strategy has run.
    expect(complaint).toBe('');
  });

  it('says so on stderr, with exit code 2', () => {
    const { status, stdout, stderr } = bench(...GOOD.slice(0, -1), 'mean');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^bench: --final: "mean".*nearest: mean_acc\n$/);
  });
});
