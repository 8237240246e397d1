import { statfsSync } from 'node:fs';
import { REPOSITORY, stackHome } from '../../infra/local/stack/layout.ts';
import { makeFolder } from '../../infra/local/stack/make-folder.mjs';
import { cacheRoot } from '../setup/cache.mjs';
import { packagesAreCurrent } from '../setup/node-packages.mjs';
import { checkNodeVersion } from '../setup/node-version.mjs';
import { probeTensorFlow } from '../setup/tensorflow.mjs';
import { findTool } from '../setup/tools.mjs';
import { TENSORFLOW } from '../setup/versions.mjs';
import { check, Finding } from './check.ts';
import type { CheckResult } from './check.ts';
import { describeCpu } from './instruction-set.ts';

const SETUP = 'node scripts/setup.mjs';
/** Below this much free space a search cannot be expected to finish. */
const DISK_BYTES = 2e9;

const disk = (folder: string): string => {
  makeFolder(folder, 0o700);
  const { bavail, bsize } = statfsSync(folder);
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
  if (bavail * bsize < DISK_BYTES)
    throw new Finding(free, `free at least ${DISK_BYTES / 1e9} GB below ${folder}`);
  return free;
};

const tool = async (name: 'temporal' | 'versitygw'): Promise<string> => {
  const found = await findTool(name);
  if (found === undefined) throw new Finding('not installed', SETUP);
  return `${found.version} (${found.path})`;
};

/** What the machine needs before anything runs. */
export const machineChecks = (): Promise<CheckResult[]> =>
  Promise.all([
    check('Node', 'install Node 20.3 or newer', () => {
      checkNodeVersion();
      return process.version;
    }),
    check('CPU', 'unset ONEDNN_MAX_CPU_ISA', () => describeCpu()),
    check('npm packages', SETUP, () => {
      if (!packagesAreCurrent(REPOSITORY)) throw new Finding('differ from package-lock.json', SETUP);
      return 'as in package-lock.json';
    }),
    check('TensorFlow', SETUP, async () => {
      const version = await probeTensorFlow(REPOSITORY);
      if (version !== TENSORFLOW.version) throw new Finding(`${version}, not ${TENSORFLOW.version}`, SETUP);
      return version;
    }),
    check('Temporal server', SETUP, () => tool('temporal')),
    check('S3 server', SETUP, () => tool('versitygw')),
    check('disk of the stack', 'name another folder in NAS_HOME', () => disk(stackHome())),
    check('disk of the cache', 'name another folder in NAS_CACHE', () => disk(cacheRoot())),
  ]);
