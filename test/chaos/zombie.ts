import { setTimeout as sleep } from 'node:timers/promises';
import { readLatest } from '../../store/checkpoint-documents.ts';
import type { JobRef } from '../../store/checkpoint-documents.ts';
import { isAlive } from './stack.ts';
import type { ChaosStack, Trainer } from './stack.ts';

/** A lease that was taken away from a process that went on living. */
export interface Fence {
  readonly job: JobRef;
  /** Of the fenced process. */
  readonly epoch: number;
  /**
   * Keys of checkpoints that were acknowledged under its lease after that had ended; none, if fences hold.
   */
  readonly late: readonly string[];
}

/**
 * Longer than a trainer takes to look whether somebody else holds its lease (10 s), also on a busy machine.
 */
const PATIENCE_MS = 60_000;

/**
 * Waits until a fenced process has ended, or for a minute, and looks what was acknowledged meanwhile. Its job
 * is not launched again before it ends, so nobody else has moved the history on.
 */
export const untilEnded = async (
  stack: ChaosStack,
  trainer: Trainer,
  fenced: Omit<Fence, 'late'> & { readonly acknowledged: readonly string[] },
): Promise<Fence> => {
  for (const end = performance.now() + PATIENCE_MS; isAlive(trainer) && performance.now() < end;)
    await sleep(100);
  const { job, epoch, acknowledged } = fenced;
  const { history } = await readLatest(stack.store, job);
  const late = history.filter((entry) => entry.epoch <= epoch && !acknowledged.includes(entry.key));
  return { job, epoch, late: late.map(({ key }) => key) };
};
