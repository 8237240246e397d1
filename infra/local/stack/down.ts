import { rmSync } from 'node:fs';
import { drainBatch } from './batch-capacity.ts';
import { readStack } from './document.ts';
import { isServiceReady } from './health.ts';
import type { Layout } from './layout.ts';
import { runningProcess, stopProcess } from './processes.ts';
import { GRACE_MS } from './services.ts';
import type { ServiceName } from './services.ts';

/** Who talks to whom: callers end before those they call. */
const ORDER = ['worker', 'batch', 'temporal', 's3'] as const satisfies readonly ServiceName[];

/** Notice that jobs get of the end; a trainer checkpoints as soon as it sees it. */
const NOTICE_SECONDS = 20;

/**
 * Jobs checkpoint while S3 still runs; a Batch endpoint that does not answer cannot be asked to tell them.
 */
const drainJobs = async (
  layout: Layout,
  noticeSeconds: number,
  say: (line: string) => void,
): Promise<void> => {
  const stack = readStack(layout);
  const running = runningProcess(layout, 'batch');
  if (stack === undefined || running === undefined || !(await isServiceReady(stack, 'batch', running)))
    return;
  await drainBatch(stack, noticeSeconds, say);
};

/**
 * Ends the running jobs at a checkpoint, stops the stack's processes and leaves its state, or deletes that
 * too. The caller holds `layout.lock`.
 * @returns the services that were running
 */
export const stackDown = async (
  layout: Layout,
  { wipe, say }: { readonly wipe: boolean; readonly say: (line: string) => void },
): Promise<ServiceName[]> => {
  const stopped: ServiceName[] = [];
  for (const name of ORDER) {
    if (name === 'batch') await drainJobs(layout, wipe ? 0 : NOTICE_SECONDS, say);
    if (await stopProcess(layout, name, GRACE_MS[name])) stopped.push(name);
  }
  if (wipe) {
    const { document, logs, processes, temporalDatabase, batchState, code, s3 } = layout;
    const databaseFiles = [temporalDatabase, `${temporalDatabase}-shm`, `${temporalDatabase}-wal`];
    for (const path of [document, logs, processes, batchState, code, s3, ...databaseFiles]) {
      rmSync(path, { recursive: true, force: true });
    }
  }
  return stopped;
};
