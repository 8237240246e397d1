import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it.each([
  [
    'orchestration --strategy bogus --trials 10 --jobs 1',
    '--strategy: "bogus" is not allowed. Allowed: random, regularized-evolution, ',
  ],
  ['orchestration --strategy nsga-net --trials 10', 'searches darts-cnn by the score alone'],
  ['fleet --jobs 0', '--jobs <n>: "0" is not allowed. Allowed: whole numbers from 1'],
  ['fleet --strategy random', '"--strategy" is not allowed. Allowed: --jobs, --json'],
])(
  'bench -- %s is refused before anything starts, and ends',
  (args, message) => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/run.mjs', 'bench/main.ts', ...args.split(' ')],
      // No server can start where no program is found.
      { cwd: ROOT, encoding: 'utf8', env: { HOME: '/nonexistent', PATH: '' }, timeout: 100_000 },
    );
    expect({ status, signal, stdout }).toEqual({ status: 2, signal: null, stdout: '' });
    expect(stderr).toContain(message);
  },
  120_000,
);
