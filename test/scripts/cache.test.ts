import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processStart } from '../../infra/local/stack/process-start.mjs';
import { lockChecks } from '../../scripts/doctor/locks.ts';
import { cachedFolder, withLock } from '../../scripts/setup/cache.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-cache-'));
  vi.stubEnv('NAS_CACHE', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('a lock', () => {
  it('admits one holder at a time', async () => {
    let inside = 0;
    let most = 0;
    const enter = (): Promise<void> =>
      withLock(join(folder, 'lock'), async () => {
        most = Math.max(most, ++inside);
        await sleep(20);
        inside -= 1;
      });
    await Promise.all([enter(), enter(), enter()]);
    expect(most).toBe(1);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  const enter = (): Promise<string> => withLock(join(folder, 'lock'), () => Promise.resolve('in'));
  const dead = (): number => spawnSync(process.execPath, ['-e', '']).pid;
  const boot = existsSync('/proc/sys/kernel/random/boot_id')
    ? ` ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
    : '';
  const mine = `${process.pid} ${processStart(process.pid)}`;

  it.each([
    ['empty', () => ''],
    ['cut within the pid', () => String(process.pid).slice(0, 1)],
    ['cut before the start time', () => `${process.pid} `],
    ['cut within the start time', () => mine.slice(0, -1)],
    ['cut within the boot', () => `${mine}${boot.slice(0, -1)}x`],
    ['zeros, as a file system leaves them', () => '\0'.repeat(64)],
    ['of a process that died', () => `${dead()} 12345`],
    ['of a process whose pid another has now', () => `${process.pid} 12345${boot}`],
    ['of an earlier boot', () => `${mine} 00000000-0000-4000-8000-000000000000`],
    ['of no process at all', () => 'somebody'],
  ])('is taken over at once when it is %s', async (_, text) => {
    const started = performance.now();
    writeFileSync(join(folder, 'lock'), text());
    expect(await enter()).toBe('in');
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['with its boot', `${mine}${boot}`],
    ['without', mine],
  ])('of a process that runs is waited for, and its holder named (%s)', async (_, text) => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    writeFileSync(join(folder, 'lock'), text);
    let entered = false;
    const waiting = enter().then(() => (entered = true));
    await sleep(300);
    expect(entered).toBe(false);
    expect(said.mock.calls.flat().join('')).toMatch(
      new RegExp(
        `waiting for ${join(folder, 'lock')}, held by process ${process.pid} \\(.*node.*\\), for \\d s`,
      ),
    );
    said.mockRestore();
    rmSync(join(folder, 'lock'));
    await waiting;
  });

  it.each([
    ['is a folder', () => mkdirSync(join(folder, 'lock'))],
    ['is a pipe', () => execFileSync('mkfifo', [join(folder, 'lock')])],
    ['is a link that leads nowhere', () => symlinkSync('nothing', join(folder, 'lock'))],
    ['lies in a folder that does not exist', () => rmSync(folder, { recursive: true })],
    ['lies in a file', () => (rmSync(folder, { recursive: true }), writeFileSync(folder, ''))],
  ])('that %s is refused by name, at once', async (_, arrange) => {
    arrange();
    await expect(enter()).rejects.toThrow(join(folder, 'lock'));
  });

  it('is complete as soon as it is there', async () => {
    let read = '';
    await withLock(join(folder, 'lock'), () => {
      read = readFileSync(join(folder, 'lock'), 'utf8');
      expect(readdirSync(folder)).toEqual(['lock']);
      return Promise.resolve();
    });
    expect(read).toBe(`${mine}${boot}`);
  });

  it('is told to doctor for what it is', async () => {
    vi.stubEnv('NAS_HOME', folder);
    expect(await lockChecks()).toEqual([{ name: 'locks', ok: true, found: 'none' }]);
    mkdirSync(join(folder, 'batch'));
    writeFileSync(join(folder, 'lock'), '');
    writeFileSync(join(folder, 'batch', 'lock'), mine);
    writeFileSync(join(folder, 'tool.lock'), '999999 1');
    mkdirSync(join(folder, 'folder.lock'));
    const found = (await lockChecks()).map((result) => `${result.ok} ${result.found}`);
    expect(found).toEqual([
      expect.stringContaining(`true ${join(folder, 'lock')}: left behind by a crash`),
      expect.stringContaining(`true ${join(folder, 'batch', 'lock')}: held by process ${process.pid}`),
      expect.stringMatching(/^false .*folder\.lock cannot be used/),
      expect.stringContaining('left behind by process 999999, which has ended'),
    ]);
  });

  it('is taken over by one of several waiters', async () => {
    writeFileSync(join(folder, 'lock'), '999999 12345');
    let inside = 0;
    let most = 0;
    const enterSlowly = (): Promise<void> =>
      withLock(join(folder, 'lock'), async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, enterSlowly));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken over although another taker died over it', async () => {
    writeFileSync(join(folder, 'lock'), '999999 12345');
    writeFileSync(join(folder, 'lock.takeover'), '');
    utimesSync(join(folder, 'lock.takeover'), new Date(0), new Date(0));
    expect(await withLock(join(folder, 'lock'), () => Promise.resolve('in'))).toBe('in');
  });

  it('is released when the action fails', async () => {
    await expect(withLock(join(folder, 'lock'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });
});

describe('a cached folder', () => {
  it('is made once', async () => {
    const fill = vi.fn((staging: string) => {
      writeFileSync(join(staging, 'file'), 'content');
      return Promise.resolve();
    });
    const paths = await Promise.all([cachedFolder('thing', fill), cachedFolder('thing', fill)]);
    expect(paths).toEqual([join(folder, 'thing'), join(folder, 'thing')]);
    expect(fill).toHaveBeenCalledTimes(1);
    expect(readFileSync(join(folder, 'thing', 'file'), 'utf8')).toBe('content');
  });

  it('is absent when making it fails, and made anew the next time', async () => {
    const failing = cachedFolder('thing', (staging) => {
      writeFileSync(join(staging, 'half'), '');
      return Promise.reject(new Error('disk full'));
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(readdirSync(folder)).toEqual([]);
    await cachedFolder('thing', () => Promise.resolve());
    expect(readdirSync(folder)).toEqual(['thing']);
  });
});
