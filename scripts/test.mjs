/**
 * `npm test`: set-up, formatting, types, lint, every test. `npm test -- PATH…` runs the tests of those paths
 * alone. The last line reads `N passed, N failed, N skipped`; each check before the tests counts as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpOrExit } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Runs a package's program and answers whether it succeeded.
 * @param {string} title
 * @param {readonly string[]} command
 */
const step = (title, [program = '', ...args]) => {
  process.stderr.write(`\n${title}\n`);
  const path = join(root, 'node_modules', program);
  return spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: 'inherit' }).status === 0;
};

/**
 * @param {readonly string[]} paths
 * @returns {Counts}
 */
const runTests = (paths) => {
  const folder = mkdtempSync(join(tmpdir(), 'nas-test-'));
  const file = join(folder, 'results.json');
  try {
    const ok = step('tests', [
      ...['vitest/vitest.mjs', 'run', '--reporter=default'],
      ...['--reporter=json', `--outputFile.json=${file}`, ...paths],
    ]);
    /**
     * @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
     * testResults: { status: string, assertionResults: unknown[] }[] }}
     */
    const results = JSON.parse(readFileSync(file, 'utf8'));
    // A file that does not load, and an error outside of all tests, have no test to be counted with.
    const unloaded = results.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    ).length;
    const failed = results.numFailedTests + unloaded;
    return {
      passed: results.numPassedTests,
      failed: ok || failed > 0 ? failed : 1,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await setUpOrExit();
const paths = process.argv.slice(2);
const checks =
  paths.length > 0
    ? []
    : [
        step('formatting', ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']),
        step('types', ['typescript/bin/tsc', '--noEmit']),
        step('lint', ['eslint/bin/eslint.js', '.']),
      ];
const tests = runTests(paths);
const passed = tests.passed + checks.filter(Boolean).length;
const failed = tests.failed + checks.filter((ok) => !ok).length;
process.stdout.write(`\n${passed} passed, ${failed} failed, ${tests.skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
