import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeFolder } from '../../../infra/local/stack/make-folder.mjs';

const folder = mkdtempSync(join(tmpdir(), 'nas-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('makes a folder, those above it, and nothing where it is', () => {
  const path = join(folder, 'a', 'b', 'c');
  for (const _ of [1, 2]) makeFolder(path, 0o700);
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  expect(statSync(path).isDirectory()).toBe(true);
  symlinkSync('a', join(folder, 'link'));
  makeFolder(join(folder, 'link'));
});

it.each([
  ['a file', () => writeFileSync(join(folder, 'file'), ''), join(folder, 'file'), 'EEXIST'],
  ['below a file', () => undefined, join(folder, 'file', 'x', 'y'), 'ENOTDIR'],
  [
    'a link that leads nowhere',
    () => symlinkSync('nothing', join(folder, 'dead')),
    join(folder, 'dead'),
    'EEXIST',
  ],
  ['below such a link', () => undefined, join(folder, 'dead', 'x'), 'E(EXIST|NOENT)'],
  ['without a name', () => undefined, '', 'ENOENT'],
])('refuses %s', (_, arrange, path, code) => {
  arrange();
  expect(() => makeFolder(path)).toThrow(new RegExp(code));
});

it.runIf(process.platform === 'linux')('ends where the system makes no folders', () => {
  expect(() => makeFolder('/proc/nas/x')).toThrow(/ENOENT|EACCES|EPERM/);
});
