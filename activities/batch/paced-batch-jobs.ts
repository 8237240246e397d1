import { setTimeout } from 'node:timers/promises';
import type { BatchJobs } from './batch-jobs.ts';

interface PaceOptions {
  /** Calls of each operation a second; AWS allows 50 of SubmitJob, whatever an account's other clients do. */
  readonly perSecond?: number;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Batch at a rate that AWS bears: calls of an operation start one after another in the order in which they
 * were made, with a pause after each, so that a process that was held up does not make up for it. What other
 * clients of the account use up is left to the SDK's retries.
 */
export const pacedBatchJobs = (
  batch: BatchJobs,
  { perSecond = 45, sleep = (milliseconds) => setTimeout(milliseconds) }: PaceOptions = {},
): BatchJobs => {
  const paced = <Input extends readonly unknown[], Output>(
    call: (...input: Input) => Promise<Output>,
  ): ((...input: Input) => Promise<Output>) => {
    let turn: Promise<unknown> = Promise.resolve();
    return async (...input) => {
      const mine = turn;
      turn = mine.then(() => sleep(1000 / perSecond));
      await mine;
      return call(...input);
    };
  };
  return {
    submit: paced(batch.submit),
    find: paced(batch.find),
    unfinished: paced(batch.unfinished),
    describe: paced(batch.describe),
    terminate: paced(batch.terminate),
  };
};
