import { describe, expect, it } from 'vitest';
import { createNoticeWatcher } from '../../../activities/batch/notice-watcher.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { StorageError } from '../../../store/object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';

const setUp = (list?: (before: ObjectStore['list']) => ObjectStore['list']) => {
  const store = createMemoryObjectStore();
  const listed: string[] = [];
  const inner: ObjectStore['list'] = (prefix) => {
    listed.push(prefix);
    return store.list(prefix);
  };
  return {
    listed,
    announce: (runId: string, jobId: string, epoch: number) =>
      store.put(keys.notice(runId, jobId, epoch), new Uint8Array()),
    watcher: createNoticeWatcher({ store: { list: list?.(inner) ?? inner }, pollMilliseconds: 2 }),
  };
};
const forever = new AbortController().signal;
const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a notice watcher', () => {
  it('tells each waiter of its own job and of newer attempts alone, with one listing a run', async () => {
    const { watcher, announce, listed } = setUp();
    const heard: string[] = [];
    const wait = (jobId: string, after: number): Promise<void> =>
      watcher
        .heard('run', jobId, after, forever)
        .then((epoch) => void heard.push(`${jobId} ${epoch} after ${after}`));
    const waits = [wait('stage-1/seed-1', 0), wait('stage-1/seed-1', 2), wait('stage-1/seed-10', 0)];
    await announce('run', 'stage-1/seed-1', 2);
    await announce('other', 'stage-1/seed-10', 1);
    await waits[0];
    await later(20);
    expect(heard).toEqual(['stage-1/seed-1 2 after 0']);
    await announce('run', 'stage-1/seed-1', 3);
    await announce('run', 'stage-1/seed-10', 1);
    await Promise.all(waits);
    expect(heard.sort()).toEqual([
      'stage-1/seed-1 2 after 0',
      'stage-1/seed-1 3 after 2',
      'stage-1/seed-10 1 after 0',
    ]);
    expect(new Set(listed)).toEqual(new Set([keys.notices('run')]));
    const polls = listed.length;
    await later(20);
    // Nobody waits any more.
    expect(listed.length).toBeLessThanOrEqual(polls + 1);
  });

  it('hears nothing while the storage is away, and everything afterwards', async () => {
    let away = true;
    const { watcher, announce } = setUp((list) => (prefix) => {
      if (away) throw new StorageError('away');
      return list(prefix);
    });
    await announce('run', 'job', 1);
    const heard = watcher.heard('run', 'job', 0, forever);
    await later(20);
    away = false;
    expect(await heard).toBe(1);
  });

  it('rejects when it is told to stop', async () => {
    const { watcher } = setUp();
    const stop = new AbortController();
    const heard = watcher.heard('run', 'job', 0, stop.signal);
    stop.abort(new Error('enough'));
    await expect(heard).rejects.toThrow('enough');
  });
});
