import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { codeVersion } from '../../containers/trainer/code-version.ts';

const copies: string[] = [];
afterAll(() => copies.forEach((copy) => rmSync(copy, { recursive: true, force: true })));

/** The version that a copy of the sources computes, with one file changed. */
const versionWith = async (file?: string): Promise<string> => {
  const copy = mkdtempSync(join(tmpdir(), 'nas-code-version-'));
  copies.push(copy);
  for (const folder of ['nas', 'containers/trainer', 'scripts/node-shim.mjs', 'store', 'package.json'])
    cpSync(folder, join(copy, folder), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  if (file !== undefined) writeFileSync(join(copy, file), `${readFileSync(file, 'utf8')}\n// changed\n`);
  const url = pathToFileURL(join(copy, 'containers/trainer/code-version.ts')).href;
  const module = (await import(/* @vite-ignore */ url)) as { codeVersion: typeof codeVersion };
  return module.codeVersion();
};

describe('code version', () => {
  it('is the same wherever the same sources lie', async () => {
    expect(codeVersion()).toMatch(/^[0-9a-f]{64}$/);
    expect(await versionWith()).toBe(codeVersion());
  });

  it.each([
    'nas/training/optimizers/sgd.ts',
    'nas/core/random.ts',
    'nas/training/graph/compile.ts',
    'nas/task/images/augment.ts',
  ])('changes with %s', async (file) => expect(await versionWith(file)).not.toBe(codeVersion()));

  it.each([
    'nas/protocol/run-view.ts',
    'nas/report/markdown.ts',
    'nas/space/drawings/registry.ts',
    'nas/space/drawings/nas-bench-201.ts',
    'containers/trainer/sidecar.ts',
  ])('does not change with %s', async (file) => expect(await versionWith(file)).toBe(codeVersion()));
});
