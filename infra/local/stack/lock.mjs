import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { processStart } from './process-start.mjs';

/**
 * Files that let one process at a time work on something. A lock is complete as soon as it is there (it is
 * written beside its place and linked), and names its process for good: pid, start time and boot, for a pid
 * alone is given to a stranger after a while. Plain JavaScript because set-up uses it before any package is
 * installed.
 */

/**
 * What a lock file says.
 * - `free`: there is none
 * - `held`: by a process that runs
 * - `abandoned`: by a process that has ended (its pid), or torn or emptied by a crash (no pid); whoever comes
 *   takes it
 * @typedef {{ kind: 'free' } | { kind: 'held', pid: number, since: number } | { kind: 'abandoned', pid?:
 * number, text: string }} LockState
 */

/** A lock that can be neither read nor written; the message names the file. */
export class LockError extends Error {
  /** @override */
  name = 'LockError';
}

const bootId = () => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // Elsewhere the start time is a date.
  }
};

const signature = () => `${process.pid} ${processStart(process.pid)} ${bootId()}`.trim();

/**
 * @param {unknown} error
 * @returns {string | undefined}
 */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

/**
 * @param {string} path
 * @param {unknown} cause
 */
const lockError = (path, cause) =>
  new LockError(
    `the lock ${path} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'Fix: make its folder yours and writable, and delete what is there if nothing of yours runs',
    { cause },
  );

/**
 * What link() answers on a file system without hard links (exFAT, some network shares and FUSE). Whatever
 * else puts a file in place there, a crash can leave it torn or two processes can both have it.
 */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Links the complete file to its place; throws what link() throws, and `LockError` where there are no links.
 * @param {string} staging
 * @param {string} path
 */
const linkInPlace = (staging, path) => {
  try {
    linkSync(staging, path);
  } catch (error) {
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error;
    throw new LockError(
      `the lock ${path} cannot be made: the file system of ${dirname(path)} has no hard links (${codeOf(error)}). ` +
        'Fix: move it to a local disk (ext4, xfs, btrfs, APFS): NAS_HOME names the folder of the stack, ' +
        'NAS_CACHE that of downloads',
      { cause: error },
    );
  }
};

/**
 * @param {string} path
 * @returns {LockState}
 * @throws {LockError} when the file cannot be read
 */
export const lockState = (path) => {
  let text;
  let since;
  try {
    const stat = lstatSync(path);
    // A pipe would be waited for, a link that leads nowhere is neither there nor free.
    if (!stat.isFile()) throw new Error('it is no file');
    text = readFileSync(path, 'utf8');
    since = stat.mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'free' };
    throw lockError(path, error);
  }
  const [, pid, rest] = /^(\d+) (.+)$/s.exec(text) ?? [];
  if (pid === undefined) return { kind: 'abandoned', text };
  const start = processStart(Number(pid));
  // The boot is the last word where the system tells it.
  const isHeld = start !== undefined && (rest === start || rest === `${start} ${bootId()}`);
  return isHeld ? { kind: 'held', pid: Number(pid), since } : { kind: 'abandoned', pid: Number(pid), text };
};

/**
 * Puts a complete file where none is; false when there is one.
 * @param {string} path
 */
const place = (path) => {
  const staging = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = openSync(staging, 'w', 0o600);
    try {
      writeFileSync(file, signature());
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkInPlace(staging, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error instanceof LockError ? error : lockError(path, error);
  } finally {
    rmSync(staging, { force: true });
  }
};

/**
 * Removes an abandoned lock, unless it has been taken since it was looked at. A second lock guards the second
 * look and the removal: of two that look at once, the slower would remove the lock that the faster has taken.
 * @param {string} path
 * @param {string} text what the abandoned lock says
 */
const removeAbandoned = (path, text) => {
  const guard = `${path}.takeover`;
  if (!place(guard)) {
    const state = lockState(guard);
    if (state.kind !== 'abandoned') return;
    // Its process died over the removal. Renaming takes exactly one file, once.
    const taken = `${guard}.${randomBytes(6).toString('hex')}`;
    try {
      renameSync(guard, taken);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw lockError(guard, error);
    }
    rmSync(taken, { force: true });
    return;
  }
  try {
    const state = lockState(path);
    if (state.kind === 'abandoned' && state.text === text) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
};

/**
 * Takes the lock, also over an abandoned one, or answers who holds it.
 * @param {string} path
 * @returns {{ kind: 'taken', release: () => void } | Extract<LockState, { kind: 'held' }> | { kind: 'free' }}
 * `free`: it has just
 *   changed hands; ask again
 * @throws {LockError}
 */
export const takeLock = (path) => {
  if (place(path)) return { kind: 'taken', release: () => rmSync(path, { force: true }) };
  const state = lockState(path);
  if (state.kind !== 'abandoned') return state;
  removeAbandoned(path, state.text);
  return { kind: 'free' };
};

/**
 * The process in words: its id and what it runs.
 * @param {number} pid
 */
const processName = (pid) => {
  try {
    const command =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return `process ${pid} (${command.trim().slice(0, 120)})`;
  } catch {
    return `process ${pid}`;
  }
};

/**
 * Who holds a lock and for how long.
 * @param {Extract<LockState, { kind: 'held' }>} state
 */
export const holderOf = ({ pid, since }) =>
  `${processName(pid)}, for ${Math.max(0, Math.round((Date.now() - since) / 1000))} s`;
