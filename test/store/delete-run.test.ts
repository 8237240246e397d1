import { describe, expect, it } from 'vitest';
import { putBlob } from '../../store/blobs.ts';
import { deleteRunObjects, planRunDeletion } from '../../store/delete-run.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const all = async (store: ObjectStore): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found;
};

const seeded = async () => {
  const store = createMemoryObjectStore();
  const shared = await putBlob(store, new Uint8Array([1, 2, 3]));
  await store.put(keys.dataset('toy'), text({ shards: [shared] }));
  for (const run of ['run', 'run-2']) {
    await store.put(keys.experiment(run), text({ runId: run, dataset: shared }));
    await store.put(keys.job(run, 'stage-1/seed-0').result, text({ of: run }));
    await store.put(keys.job(run, 'stage-1/seed-0').chunk(1, 5, 'ab'), new Uint8Array([9]));
    await store.put(keys.search(run, 'stage-1/seed-0').head, text({}));
    await store.put(keys.report(run, 'report.json'), text({ run }));
  }
  return store;
};

describe('deleting a run', () => {
  it('frees all that is the run alone, and nothing of a run whose name begins alike, nor any blob', async () => {
    const store = await seeded();
    const before = await all(store);
    const deletion = await planRunDeletion(store, 'run');
    expect(await all(store)).toEqual(before);
    expect(deletion.kept).toEqual([]);
    await deleteRunObjects(store, 'run', deletion);
    expect(await all(store)).toEqual(before.filter((key) => !key.startsWith('runs/run/')));
    expect(before.length - (await all(store)).length).toBe(deletion.objects.length);
  });

  it('keeps what a fork names, and then the name too', async () => {
    const store = await seeded();
    const { result } = keys.job('run', 'stage-1/seed-0');
    await store.put(keys.stageResult('run-2', 'proxy-search'), text({ uri: store.uri(result) }));
    const deletion = await planRunDeletion(store, 'run');
    expect(deletion.kept.map(({ key }) => key).sort()).toEqual([keys.experiment('run'), result].sort());
    expect(new Set(deletion.kept.map(({ by }) => by))).toEqual(
      new Set([keys.stageResult('run-2', 'proxy-search')]),
    );
    await deleteRunObjects(store, 'run', deletion);
    expect(await store.get(result)).toBeDefined();
    expect(await store.get(keys.report('run', 'report.json'))).toBeUndefined();
  });

  it('is not held up by the record of an earlier deletion', async () => {
    const store = await seeded();
    await store.put(keys.deletion('run', '2026-01-01T00:00:00.000Z'), text({ of: keys.experiment('run') }));
    expect((await planRunDeletion(store, 'run')).kept).toEqual([]);
  });

  it('deletes the name last, so that what was cut short is found again', async () => {
    const store = await seeded();
    const deletion = await planRunDeletion(store, 'run');
    const broken: ObjectStore = {
      ...store,
      delete: async () => {
        throw new Error('away');
      },
    };
    await expect(deleteRunObjects(broken, 'run', deletion)).rejects.toThrow('away');
    const order: string[] = [];
    await deleteRunObjects(
      { ...store, delete: async (keysOf) => void order.push(...keysOf) },
      'run',
      deletion,
    );
    expect(order.at(-1)).toBe(keys.experiment('run'));
  });
});
