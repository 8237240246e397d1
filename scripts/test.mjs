/**
 * `npm test`: set-up, formatting, types, lint, every test. `npm test -- PATH…` runs the tests of those paths
 * alone. The last line reads `N passed, N failed, N skipped`; each check before the tests counts as one.
 */
import { spawn } from 'node:child_process';
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
 * @returns {Promise<boolean>}
 */
const step = (title, [program = '', ...args]) => {
  process.stderr.write(`\n${title}\n`);
  const path = join(root, 'node_modules', program);
  const child = spawn(process.execPath, [path, ...args], { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
};

/**
 * Runs tests, and counts them.
 * @param {string} title
 * @param {readonly string[]} args of Vitest
 * @returns {Promise<Counts>}
 */
const runTests = async (title, args) => {
  const folder = mkdtempSync(join(tmpdir(), 'nas-test-'));
  const file = join(folder, 'results.json');
  try {
    const ok = await step(title, [
      ...['vitest/vitest.mjs', 'run', '--reporter=default'],
      ...['--reporter=json', `--outputFile.json=${file}`, ...args],
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

/**
 * A check that counts as one test.
 * @param {boolean} ok
 * @returns {Counts}
 */
const counted = (ok) => ({ passed: Number(ok), failed: Number(!ok), skipped: 0 });

/**
 * Three rows of tests beside each other: those of this process after the other checks, those that load
 * TensorFlow, and those that wait for servers and other processes.
 */
const everything = async () => {
  const light = async () => [
    counted(await step('formatting', ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'])),
    counted(await step('types', ['typescript/bin/tsc', '--noEmit'])),
    counted(await step('lint', ['eslint/bin/eslint.js', '.'])),
    await runTests('light tests', ['--project', 'light']),
  ];
  const heavy = async () => [await runTests('heavy tests', ['--project', 'heavy', '--project', 'avx2'])];
  const served = async () => [await runTests('served tests', ['--project', 'served'])];
  return (await Promise.all([light(), heavy(), served()])).flat();
};

await setUpOrExit();
const paths = process.argv.slice(2);
const counts = paths.length > 0 ? [await runTests('tests', paths)] : await everything();
/** @param {keyof Counts} key */
const total = (key) => counts.reduce((sum, one) => sum + one[key], 0);
process.stdout.write(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped\n`);
process.exitCode = total('failed') === 0 ? 0 : 1;
