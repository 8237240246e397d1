import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockError, takeLock } from '../../../infra/local/stack/lock.mjs';
import { exitCodeOf } from '../../../scripts/exit-code.ts';
import { withLock } from '../../../scripts/setup/cache.mjs';

/** What link() answers, as the file system of another machine would. */
let refusal: string | undefined;
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    linkSync: (from: string, to: string) => {
      if (refusal === undefined) return fs.linkSync(from, to);
      throw Object.assign(new Error(`${refusal}: link '${from}' -> '${to}'`), { code: refusal });
    },
  };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-lock-'));
  refusal = undefined;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a lock on a file system without hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('is refused at once, by name (%s)', (code) => {
    refusal = code;
    const path = join(folder, 'lock');
    let error: unknown;
    try {
      takeLock(path);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(LockError);
    expect((error as Error).message).toBe(
      `the lock ${path} cannot be made: the file system of ${folder} has no hard links (${code}). ` +
        'Fix: move it to a local disk (ext4, xfs, btrfs, APFS): NAS_HOME names the folder of the stack, NAS_CACHE that of downloads',
    );
    expect(exitCodeOf(error)).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused over an abandoned one too, which stays', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, '999999 1');
    refusal = 'EPERM';
    await expect(withLock(path, () => Promise.resolve())).rejects.toThrow('has no hard links');
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('is not what another error of link() says', () => {
    refusal = 'EACCES';
    expect(() => takeLock(join(folder, 'lock'))).toThrow(
      /cannot be used: EACCES.*make its folder yours and writable/,
    );
    refusal = 'EIO';
    expect(() => takeLock(join(folder, 'lock'))).toThrow(/cannot be used: EIO/);
  });
});

it('a lock elsewhere is taken, and given back', () => {
  const lock = takeLock(join(folder, 'lock'));
  expect(lock.kind).toBe('taken');
  expect(takeLock(join(folder, 'lock'))).toMatchObject({ kind: 'held', pid: process.pid });
  if (lock.kind === 'taken') lock.release();
  expect(readdirSync(folder)).toEqual([]);
});
