import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./large-sum.ts', import.meta.url));

/** Runs a graph whose activations exceed what TensorFlow's rewriter takes for a CPU's memory. */
const run = async (environment: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, ['scripts/run.mjs', PROGRAM], {
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 26,
  });

describe('sessions', () => {
  it('run graphs as recorded: the rewriter, which makes sums depend on timing, stays off', async () => {
    const { stdout, stderr } = await run({
      TF_CPP_MIN_LOG_LEVEL: '0',
      TF_CPP_VMODULE: 'meta_optimizer=1',
    });
    expect(stderr).toMatch(/SavedModel load .* OK/);
    expect(stderr).not.toMatch(/meta_optimizer\.cc/);
    const again = await run();
    expect(again.stdout).toBe(stdout);
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });
});
