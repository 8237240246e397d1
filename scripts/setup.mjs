/**
 * Set-up: `node scripts/setup.mjs [--gpu]`. Installs everything that a clean machine lacks, once; a second
 * run takes a second. Plain Node, no packages, because it is what installs them.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LockError } from '../infra/local/stack/lock.mjs';
import { cacheRoot } from './setup/cache.mjs';
import { say } from './setup/command.mjs';
import { installPackages } from './setup/node-packages.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { SetupError } from './setup/setup-error.mjs';
import { sideBySide } from './setup/side-by-side.mjs';
import { installTensorFlow } from './setup/tensorflow.mjs';
import { installTool } from './setup/tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {{ gpu?: boolean, servers?: boolean }} [options] `servers: false` leaves out the Temporal and S3
 * servers,
 *   which a trainer's container does not need
 */
export const setUp = async ({ gpu = false, servers = true } = {}) => {
  const start = performance.now();
  checkNodeVersion();
  say(`Node ${process.version}, ${process.platform}-${process.arch}, cache ${cacheRoot()}`);
  await sideBySide({
    // The binding is compiled against the packages' sources.
    'packages and TensorFlow': async () => {
      await installPackages(root);
      await installTensorFlow(root, gpu ? 'gpu' : 'cpu');
    },
    ...(servers
      ? { versitygw: () => installTool('versitygw'), temporal: () => installTool('temporal') }
      : {}),
  });
  say(`done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

/**
 * Runs set-up for a script; ends the process with exit code 3 and one clear message when it cannot.
 * @param {Parameters<typeof setUp>[0]} [options]
 */
export const setUpOrExit = async (options) => {
  try {
    await setUp(options);
  } catch (error) {
    if (!(error instanceof SetupError || error instanceof LockError)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    process.exit(3);
  }
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const known = ['--gpu', '--no-servers'];
  const unknown = process.argv.slice(2).find((word) => !known.includes(word));
  if (unknown !== undefined) {
    process.stderr.write(`setup: ${unknown} is not an option. Allowed: ${known.join(', ')}\n`);
    process.exit(2);
  }
  await setUpOrExit({
    gpu: process.argv.includes('--gpu'),
    servers: !process.argv.includes('--no-servers'),
  });
}
