import { describe, expect, it } from 'vitest';
import type { BatchJobs, BatchSubmission } from '../../../activities/batch/batch-jobs.ts';
import { pacedBatchJobs } from '../../../activities/batch/paced-batch-jobs.ts';

/**
 * Records when each call starts, on a clock that stands still but for sleepers, who wake in the order of
 * time.
 */
const setUp = (perSecond: number) => {
  const calls: { readonly operation: string; readonly at: number }[] = [];
  let clock = 0;
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const record = (operation: string) => async () => {
    calls.push({ operation, at: clock });
    return operation as never;
  };
  const inner: BatchJobs = {
    submit: record('submit'),
    find: record('find'),
    unfinished: record('unfinished'),
    describe: record('describe'),
    terminate: record('terminate'),
  };
  const batch = pacedBatchJobs(inner, {
    perSecond,
    sleep: (milliseconds) =>
      new Promise((wake) => sleepers.push({ until: clock + milliseconds, wake: () => wake(undefined) })),
  });
  const run = async (all: Promise<unknown>): Promise<void> => {
    let done = false;
    void all.then(() => (done = true));
    for (;;) {
      await new Promise(setImmediate);
      if (done) return;
      const next = sleepers.sort((a, b) => a.until - b.until).shift();
      if (next === undefined) throw new Error('nobody will ever wake');
      clock = next.until;
      next.wake();
    }
  };
  return { batch, calls, run };
};

describe('paced Batch calls', () => {
  it('start evenly spaced, each operation on its own', async () => {
    const { batch, calls, run } = setUp(50);
    await run(
      Promise.all([
        ...Array.from({ length: 5 }, () => batch.submit({} as BatchSubmission)),
        ...Array.from({ length: 3 }, () => batch.describe([])),
      ]),
    );
    const at = (operation: string) => calls.filter((call) => call.operation === operation).map((c) => c.at);
    expect(at('submit')).toEqual([0, 20, 40, 60, 80]);
    expect(at('describe')).toEqual([0, 20, 40]);
  });

  it('do not wait when they come rarely', async () => {
    const { batch, calls, run } = setUp(1);
    await run(batch.find('queue', 'name'));
    expect(calls).toEqual([{ operation: 'find', at: 0 }]);
  });
});
