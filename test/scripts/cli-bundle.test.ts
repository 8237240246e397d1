import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleSurface, surfaceBundle } from '../../scripts/cli-bundle.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nas-surface-'));
  mkdirSync(join(root, 'scripts'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const load = async (): Promise<{ readonly said: string; readonly later: () => Promise<string> }> =>
  (await import(pathToFileURL(await surfaceBundle(root)).href)) as Awaited<ReturnType<typeof load>>;

describe('the surface of the command line', () => {
  it('holds what describes commands, and nothing that they work with', async () => {
    const { sources } = await bundleSurface();
    const allowed =
      /^(package\.json|nas\/core\/(decimal|input-error|nearest|shown-value)\.ts|nas\/experiment\/edits\.ts|scripts\/(cli|commands|examples|number-option|refusals|run-argument|time-option)\.ts|scripts\/(commands|completion)\/[a-z-]+\.ts|scripts\/verify\/stages\.ts)$/;
    expect(sources.filter((source) => !allowed.test(source))).toEqual([]);
    expect(sources.length).toBeGreaterThan(25);
  });

  it('is made again when a source changes, and only then; what is called later comes from its source', async () => {
    writeFileSync(
      join(root, 'scripts/cli.ts'),
      "export { said } from './said.ts';\nexport const later = async () => (await import('./later.mjs')).text;\n",
    );
    writeFileSync(join(root, 'scripts/said.ts'), "export const said: string = 'one';\n");
    writeFileSync(join(root, 'scripts/later.mjs'), "export const text = 'from its source';\n");
    const first = await load();
    expect(first.said).toBe('one');
    expect(await first.later()).toBe('from its source');
    const path = await surfaceBundle(root);
    expect(await surfaceBundle(root)).toBe(path);
    writeFileSync(join(root, 'scripts/said.ts'), "export const said: string = 'two';\n");
    expect((await load()).said).toBe('two');
    writeFileSync(join(root, 'scripts/said.ts'), "export const said: string = 'one';\n");
    expect(await surfaceBundle(root)).toBe(path);
  });

  it('survives a kept list that is damaged', async () => {
    writeFileSync(join(root, 'scripts/cli.ts'), "export const said = 'one';\n");
    await surfaceBundle(root);
    writeFileSync(join(root, 'node_modules/.cache/durable-nas/cli.json'), '["scripts/cl');
    expect((await load()).said).toBe('one');
  });
});

describe('bin/nas', () => {
  /** Runs the command, and says on stderr when a loader of another language is registered. */
  const nas = (...args: string[]) => {
    const spy = join(root, 'spy.cjs');
    writeFileSync(
      spy,
      `const modules = require('node:module');
for (const name of ['register', 'registerHooks']) {
  const real = modules[name];
  if (real === undefined) continue;
  modules[name] = (...args) => {
    process.stderr.write('LOADER ');
    return real(...args);
  };
}
modules.syncBuiltinESMExports();
`,
    );
    return spawnSync(resolve('bin/nas'), args, {
      encoding: 'utf8',
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: `--require ${spy}` },
    });
  };

  it.each([
    [['--version'], 0],
    [['--help'], 0],
    [['run', '--help'], 0],
    [['completion', 'bash'], 0],
    [['complete', '--', 'run', '--'], 0],
    [['docter'], 2],
    [['down', '--wiped'], 2],
  ])('answers %j without a TypeScript loader', (args, code) => {
    const { status, stderr, stdout } = nas(...args);
    expect(stderr).not.toContain('LOADER');
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(status).toBe(code);
  });

  it('loads what a command works with when it is called', () => {
    const { status, stderr, stdout } = nas('genotype', 'show', 'DARTS_V2', '--json');
    expect(stderr).toContain('LOADER');
    expect(JSON.parse(stdout)).toMatchObject({ space: 'darts-cnn' });
    expect(status).toBe(0);
  });

  it('knows an error of its parts from one of its own', () => {
    const { status, stderr } = nas('run', 'absent.yaml', '--dry-run');
    expect(stderr).toMatch(/^LOADER nas: .*absent\.yaml/);
    expect(status).toBe(2);
  });

  it('answers from any folder, also through a link', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(nas('--version').stdout).toBe(`${version}\n`);
    symlinkSync(resolve('bin/nas'), join(root, 'linked'));
    expect(spawnSync(join(root, 'linked'), ['--version'], { encoding: 'utf8' }).stdout).toBe(`${version}\n`);
  });
});
