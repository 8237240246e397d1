import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, where they are not there yet. Node's own `recursive` never ends where
 * folders cannot be made and the system says that there is no such folder, as below /proc. Plain JavaScript
 * because set-up uses it.
 * @param {string} path
 * @param {number} [mode] of those that are made
 */
export const makeFolder = (path, mode = 0o777) => {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path), mode);
    makeFolder(path, mode);
  }
};
