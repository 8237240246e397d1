import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import workerPackage from '@temporalio/worker/package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Everything a workflow may import besides packages. */
const SOURCES = ['workflows', 'nas/core', 'nas/experiment', 'nas/job', 'nas/protocol'];

const sourceHash = async (): Promise<string> => {
  const hash = createHash('sha256').update(workerPackage.version);
  for (const folder of SOURCES)
    for (const file of (await readdir(join(ROOT, folder))).sort())
      if (file.endsWith('.ts'))
        hash.update(`${folder}/${file}\n`).update(await readFile(join(ROOT, folder, file)));
  return hash.digest('hex').slice(0, 16);
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * The workflows as one file for the worker's isolates, built once for each version of their sources and kept
 * in the cache (`NAS_CACHE`, by default `~/.cache/durable-nas`): building takes seconds, which every start
 * would pay.
 */
export const workflowBundle = async (environment: NodeJS.ProcessEnv): Promise<{ codePath: string }> => {
  const cache = join(environment['NAS_CACHE'] ?? join(homedir(), '.cache', 'durable-nas'), 'workflows');
  const codePath = join(cache, `${await sourceHash()}.js`);
  if (await exists(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(ROOT, 'workflows', 'index.ts') });
  await mkdir(cache, { recursive: true });
  const draft = `${codePath}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
};
