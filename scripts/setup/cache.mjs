import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { holderOf, takeLock } from '../../infra/local/stack/lock.mjs';
import { makeFolder } from '../../infra/local/stack/make-folder.mjs';
import { say } from './command.mjs';

/** Folder of everything downloaded or built, shared by all clones; NAS_CACHE moves it. */
export const cacheRoot = () => resolve(process.env['NAS_CACHE'] || join(homedir(), '.cache', 'durable-nas'));

/** Between two words about a lock that is waited for, milliseconds. */
const REMINDER_MS = 10_000;

/**
 * Runs `action` while no other process holds the lock file, saying who holds it as long as one does; the lock
 * of a process that died, or that a crash left empty or torn, is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 * @throws {import('../../infra/local/stack/lock.mjs').LockError} when the file can be neither read nor
 * written
 */
export const withLock = async (path, action) => {
  let saidAt = -Infinity;
  for (;;) {
    const lock = takeLock(path);
    if (lock.kind === 'taken') {
      try {
        return await action();
      } finally {
        lock.release();
      }
    }
    if (lock.kind === 'held') {
      if (performance.now() - saidAt >= REMINDER_MS) {
        say(`waiting for ${path}, held by ${holderOf(lock)}`);
        saidAt = performance.now();
      }
    }
    await sleep(lock.kind === 'held' ? 100 : 1);
  }
};

/**
 * A folder of the cache that is either complete or absent: `fill` writes into a staging folder that is
 * renamed when it succeeds.
 * @param {string} name
 * @param {(staging: string) => Promise<void>} fill
 * @returns {Promise<string>} the folder's path
 */
export const cachedFolder = async (name, fill) => {
  const root = cacheRoot();
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  makeFolder(root);
  return withLock(join(root, `${name}.lock`), async () => {
    if (existsSync(folder)) return folder;
    const staging = join(root, `${name}.${process.pid}.partial`);
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    try {
      await fill(staging);
      renameSync(staging, folder);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
    return folder;
  });
};

/**
 * @param {string} path
 * @returns {Promise<string>} SHA-256 of a file in lower-case hex
 */
export const sha256OfFile = async (path) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
};
