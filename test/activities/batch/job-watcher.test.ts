import { describe, expect, it } from 'vitest';
import type { BatchJob } from '../../../activities/batch/batch-jobs.ts';
import { createJobWatcher } from '../../../activities/batch/job-watcher.ts';

const never = (): AbortSignal => new AbortController().signal;

/** A watcher over scripted polls with a clock that only sleeping moves. */
const setUp = (poll: (ids: readonly string[], round: number) => BatchJob[]) => {
  const calls: string[][] = [];
  let clock = 0;
  const watcher = createJobWatcher({
    describe: async (ids) => {
      calls.push([...ids]);
      return poll(ids, calls.length);
    },
    sleep: async (milliseconds) => {
      clock += milliseconds;
      await new Promise(setImmediate);
    },
    now: () => clock,
  });
  return { watcher, calls, clock: () => clock };
};
const job = (id: string, status: BatchJob['status']): BatchJob => ({ id, status, attempts: [] });

describe('the job watcher', () => {
  it('asks for all waiting jobs together, 100 a call, each once', async () => {
    const { watcher, calls } = setUp((ids, round) =>
      ids.map((id) => job(id, round > 3 ? 'SUCCEEDED' : 'RUNNING')),
    );
    const ids = Array.from({ length: 250 }, (_, i) => `job-${i}`);
    const ended = await Promise.all([...ids, 'job-0'].map((id) => watcher.ended(id, never())));
    expect(ended.map((j) => j?.status)).toEqual(Array.from({ length: 251 }, () => 'SUCCEEDED'));
    expect(Math.max(...calls.map((call) => call.length))).toBe(100);
    // The first call is made for the first waiter alone; the next rounds hold everyone.
    expect(calls.slice(1, 4).flat().sort()).toEqual([...ids].sort());
  });

  it('stops polling when nobody waits and starts again', async () => {
    const { watcher, calls } = setUp((ids) => ids.map((id) => job(id, 'FAILED')));
    await watcher.ended('a', never());
    const after = calls.length;
    await new Promise(setImmediate);
    expect(calls.length).toBe(after);
    expect((await watcher.ended('b', never()))?.status).toBe('FAILED');
  });

  it('gives up on a job that Batch does not know, after several polls', async () => {
    const { watcher, calls } = setUp(() => []);
    expect(await watcher.ended('gone', never())).toBeUndefined();
    expect(calls).toHaveLength(5);
  });

  it('does not miss the children of an array before it has spawned them', async () => {
    const { watcher, calls } = setUp((ids, round) =>
      ids.flatMap((id) =>
        id.includes(':')
          ? round > 40
            ? [job(id, 'SUCCEEDED')]
            : []
          : [job(id, round > 9 ? 'PENDING' : 'SUBMITTED')],
      ),
    );
    const children = Array.from({ length: 150 }, (_, i) => `array:${i}`);
    const ended = await Promise.all(children.map((id) => watcher.ended(id, never())));
    expect(ended.map((child) => child?.status)).toEqual(children.map(() => 'SUCCEEDED'));
    // The array is asked for once a round, in a call of its own, and only while children are unknown.
    expect(calls.slice(0, 2)).toEqual([['array:0'], ['array']]);
    expect(calls.slice(2, 5)).toEqual([children.slice(0, 100), children.slice(100), ['array']]);
    expect(calls.at(-1)).toEqual(children.slice(100));
  });

  it.each([
    ['has ended', 'FAILED'],
    ['is unknown itself', undefined],
  ] as const)('gives up on the child of an array that %s, after several polls', async (_, status) => {
    // Two calls a round: the child's and the array's.
    const { watcher, calls } = setUp((ids, call) => {
      if (!ids.includes('array')) return [];
      return call < 20 ? [job('array', 'PENDING')] : status === undefined ? [] : [job('array', status)];
    });
    expect(await watcher.ended('array:3', never())).toBeUndefined();
    expect(calls).toHaveLength(18 + 2 * 5);
  });

  it.each([
    ['AccessDeniedException', 'User: nas is not authorized to perform: batch:DescribeJobs'],
    ['TooManyRequestsException', 'Too Many Requests'],
    ['ClientException', 'Error executing request, Exception : internal'],
    ['TimeoutError', 'connect ETIMEDOUT'],
  ])('waits for hours through %s, says so, and knows the end all the same', async (name, message) => {
    const refused = Object.assign(new Error(message), { name });
    let allowed = false;
    const { watcher, clock } = setUp((ids) => {
      if (!allowed) throw refused;
      return ids.map((id) => job(id, 'SUCCEEDED'));
    });
    let settled = false;
    const ended = watcher.ended('a', never()).finally(() => (settled = true));
    await expect.poll(() => clock() > 3 * 3_600_000, { timeout: 20_000, interval: 1 }).toBe(true);
    expect(settled).toBe(false);
    expect(watcher.trouble()).toEqual({ since: 0, error: message });
    allowed = true;
    expect((await ended)?.status).toBe('SUCCEEDED');
    await new Promise(setImmediate);
    expect(watcher.trouble()).toBeUndefined();
  });

  it('counts no silence of Batch as a trace that a job is missing', async () => {
    const { watcher } = setUp((ids, round) => {
      if (round % 2 === 0) throw new Error('throttled');
      return round < 30 ? [] : ids.map((id) => job(id, 'SUCCEEDED'));
    });
    // Five polls that were answered without the job, nine rounds in all.
    expect(await watcher.ended('a', never())).toBeUndefined();
  });

  it('leaves at once when aborted, without disturbing the others', async () => {
    let done = false;
    const { watcher } = setUp((ids) => ids.map((id) => job(id, done ? 'SUCCEEDED' : 'RUNNING')));
    const abort = new AbortController();
    const first = watcher.ended('a', abort.signal);
    const second = watcher.ended('b', never());
    abort.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    done = true;
    expect((await second)?.status).toBe('SUCCEEDED');
    expect(() => abort.signal.throwIfAborted()).toThrow();
  });
});
