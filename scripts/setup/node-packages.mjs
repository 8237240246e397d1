import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CommandError, run, say } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/** @param {string} root */
const lockHash = (root) =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

/**
 * Whether node_modules holds what package-lock.json says. npm writes its own copy of the lock into
 * node_modules; a stamp with the hash of ours saves the comparison on every later start.
 * @param {string} root
 */
export const packagesAreCurrent = (root) => {
  const stamp = join(root, 'node_modules', '.durable-nas-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(root)) return true;
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  /** @type {{ packages: Record<string, { version?: string, optional?: boolean, peer?: boolean }> }} */
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  /** @type {typeof wanted} */
  const present = JSON.parse(readFileSync(installed, 'utf8'));
  const current = Object.entries(wanted.packages).every(
    ([path, { version, optional }]) => path === '' || optional || present.packages[path]?.version === version,
  );
  if (current) writeFileSync(stamp, lockHash(root));
  return current;
};

/**
 * `npm ci` without install scripts, unless node_modules is current.
 * @param {string} root
 * @param {{ development?: boolean }} [options] `development: false` leaves out what only tests and deployment
 * need
 */
export const installPackages = async (root, { development = true } = {}) => {
  if (packagesAreCurrent(root)) return say('npm packages: current');
  const args = ['ci', '--ignore-scripts', ...(development ? [] : ['--omit=dev'])];
  say(`npm packages: installing (npm ${args.join(' ')})`);
  try {
    await run('npm', [...args, '--no-audit', '--no-fund'], {
      cwd: root,
      doing: 'installing npm packages',
    });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new SetupError(
      `npm ci failed: ${cause.message}`,
      'check that the npm registry can be reached (npm ping) and that package.json and package-lock.json agree',
      { cause },
    );
  }
  writeFileSync(join(root, 'node_modules', '.durable-nas-lock'), lockHash(root));
};
