import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cachedFolder } from '../../scripts/setup/cache.mjs';

/**
 * Installs pinned Python packages once into a folder of the cache and returns it, to be used as PYTHONPATH.
 * For tests that need a second opinion from another implementation; the product itself needs no Python
 * package.
 */
export const pythonPackages = (name: string, requirements: readonly string[]): Promise<string> =>
  cachedFolder(`python-${name}`, async (staging) => {
    await promisify(execFile)(
      'python3',
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--target',
        staging,
        ...requirements,
      ],
      { maxBuffer: 2 ** 26 },
    );
  });
