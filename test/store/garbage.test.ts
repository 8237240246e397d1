import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { putBlob } from '../../store/blobs.ts';
import { acquireLease } from '../../store/leases.ts';
import { restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { pinCheckpoint } from '../../store/checkpoint-retention.ts';
import { collectGarbage } from '../../store/garbage.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Snapshot } from '../../nas/training/program.ts';

const HOUR = 3_600_000;
const GRACE = 24 * HOUR;
const job = { runId: 'run', jobId: 'stage-1/seed-0' };
const paths = keys.job(job.runId, job.jobId);
const identity = { experimentHash: 'experiment', codeVersion: '1', threads: 1 };
const bytes = (text: string) => new TextEncoder().encode(text);
const snapshotAt = (step: number): Snapshot => ({
  step,
  tensors: { weights: { dtype: 'float32', shape: [2], data: Float32Array.of(step, -step) } },
  state: { step },
});
const list = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

/** A store whose clock the test turns, and a collection at its present time. */
const world = () => {
  let now = 0;
  const store = createMemoryObjectStore({ now: () => now });
  return {
    store,
    wait: (ms: number) => void (now += ms),
    collect: (dryRun = false) => collectGarbage(store, { graceMs: GRACE, now, dryRun }),
  };
};
/** Waits and collects until everything that may go is gone. */
const collectAll = async ({ wait, collect }: Pick<ReturnType<typeof world>, 'wait' | 'collect'>) => {
  for (let i = 0; i < 3; i++) {
    wait(GRACE + 1);
    await collect();
  }
};

describe('garbage collection', () => {
  it('condemns after one grace period and deletes after a second', async () => {
    const { store, wait, collect } = world();
    const { sha256 } = await putBlob(store, bytes('nobody names me'));
    const key = keys.blob(sha256);
    expect((await collect()).condemned.keys).toEqual([]);
    wait(GRACE + 1);
    expect(await collect(true)).toMatchObject({
      dryRun: true,
      condemned: { keys: [key] },
      deleted: { keys: [] },
    });
    expect(await store.head(keys.condemned())).toBeUndefined();
    expect((await collect()).condemned.keys).toEqual([key]);
    wait(GRACE);
    expect((await collect()).deleted.keys).toEqual([]);
    wait(1);
    expect((await collect(true)).deleted).toMatchObject({ keys: [key], objects: 1, bytes: 15 });
    expect(await store.head(key)).toBeDefined();
    expect((await collect()).deleted.keys).toEqual([key]);
    expect(await store.head(key)).toBeUndefined();
    expect((await collect()).condemned.keys).toEqual([]);
  });

  it('spares a condemned blob that is written again or named at last', async () => {
    const { store, wait, collect } = world();
    const again = await putBlob(store, bytes('written again'));
    const named = await putBlob(store, bytes('named at last'));
    wait(GRACE + 1);
    expect((await collect()).condemned.objects).toBe(2);
    await putBlob(store, bytes('written again'));
    await createDocument(store, keys.report('run', 'report.json'), z.unknown(), { ref: named });
    wait(GRACE + 1);
    expect(await collect()).toMatchObject({
      deleted: { objects: 0 },
      condemned: { keys: [keys.blob(again.sha256)] },
    });
  });

  it('keeps what documents name, also through other blobs', async () => {
    const { store, ...clock } = world();
    const shard = await putBlob(store, bytes('shard'));
    const index = await putBlob(store, bytes(JSON.stringify({ shards: [shard.sha256] })));
    const page = await putBlob(store, bytes('<html>'));
    const lost = await putBlob(store, bytes('lost'));
    await createDocument(store, keys.dataset('mnist'), z.unknown(), { index });
    await store.put(keys.report('run', 'report.md'), bytes(`see ${page.uri}.`));
    await store.put(keys.report('run', 'broken.json'), bytes('{'));
    await collectAll({ ...clock });
    expect(await list(store, keys.blobs())).toEqual(
      [shard, index, page].map(({ sha256 }) => keys.blob(sha256)).sort(),
    );
    expect(await store.head(keys.blob(lost.sha256))).toBeUndefined();
    expect(await list(store, 'runs/')).toEqual([
      keys.report('run', 'broken.json'),
      keys.report('run', 'report.md'),
    ]);
  });

  it('keeps every checkpoint that latest.json lists, and removes what crashes and zombies left', async () => {
    const { store, ...clock } = world();
    const zombie = await acquireLease(store, { ...job, holder: 'zombie' });
    await saveCheckpoint(store, zombie, snapshotAt(1), identity);
    const lease = await acquireLease(store, { ...job, holder: 'host' });
    for (const step of [2, 3]) await saveCheckpoint(store, lease, snapshotAt(step), identity);
    await store.put(paths.chunk(1, 9, 'f'.repeat(64)), bytes('left by a crash'));
    await store.put(paths.manifest(1, 9), bytes('never acknowledged'));
    const before = await list(store, paths.prefix);
    await collectAll({ ...clock });
    const after = await list(store, paths.prefix);
    expect(before.filter((key) => !after.includes(key))).toEqual([
      paths.manifest(1, 9),
      paths.chunk(1, 9, 'f'.repeat(64)),
    ]);
    for (const step of [3, 2, 1]) {
      expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(step));
      await store.delete([paths.manifest(step === 1 ? 1 : 2, step)]);
    }
  });

  it('keeps a checkpoint that a receipt pinned although its job has gone on', async () => {
    const { store, ...clock } = world();
    const lease = await acquireLease(store, { ...job, holder: 'host' });
    await saveCheckpoint(store, lease, snapshotAt(1), identity);
    const manifest = paths.manifest(1, 1);
    const pinned = [manifest, ...(await list(store, paths.chunks))];
    await pinCheckpoint(store, job, manifest, 'resume receipt');
    for (const step of [2, 3, 4, 5]) await saveCheckpoint(store, lease, snapshotAt(step), identity);
    expect(await list(store, paths.manifests)).toHaveLength(4);
    await store.put(paths.chunk(1, 1, 'e'.repeat(64)), bytes('named by nobody'));
    await collectAll({ ...clock });
    for (const key of pinned) expect(await store.head(key), key).toBeDefined();
    expect(await store.head(paths.chunk(1, 1, 'e'.repeat(64)))).toBeUndefined();
    expect((await list(store, paths.manifests))[0]).toBe(manifest);
    await pinCheckpoint(store, job, manifest, 'another receipt');
    await expect(pinCheckpoint(store, job, paths.manifest(1, 2), 'late')).rejects.toThrow(
      /is not kept any more/,
    );
    await expect(pinCheckpoint(store, job, 'runs/other', 'odd')).rejects.toThrow(
      /is not a checkpoint of run run/,
    );
    expect(await list(store, paths.pins)).toEqual([paths.pin(1, 1)]);
  });

  it('leaves a job alone whose checkpoints are damaged, and says so', async () => {
    const { store, ...clock } = world();
    const lease = await acquireLease(store, { ...job, holder: 'host' });
    await saveCheckpoint(store, lease, snapshotAt(1), identity);
    await store.put(paths.chunk(1, 0, 'f'.repeat(64)), bytes('garbage, but who knows'));
    await store.put(paths.latest, bytes('{'));
    const before = await list(store, paths.prefix);
    await collectAll({ ...clock });
    expect(await list(store, paths.prefix)).toEqual(before);
    expect((await clock.collect()).untouched).toEqual([paths.prefix]);
  });

  it('does not touch a save that is under way', async () => {
    const { store, ...clock } = world();
    const lease = await acquireLease(store, { ...job, holder: 'host' });
    clock.wait(100 * HOUR);
    let collections = 0;
    const watched: ObjectStore = {
      ...store,
      putIfAbsent: async (key, body) => {
        // The chunks are written and nothing names them yet.
        clock.wait(HOUR);
        expect((await clock.collect()).condemned.objects).toBe(0);
        collections++;
        return store.putIfAbsent(key, body);
      },
    };
    for (const step of [1, 2]) await saveCheckpoint(watched, lease, snapshotAt(step), identity);
    expect(collections).toBe(2);
    expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(2));
  });

  it('aborts uploads that nobody completed', async () => {
    const { store } = world();
    const aborted: string[] = [];
    const withUploads: ObjectStore = {
      ...store,
      async *listUploads() {
        yield { key: 'old', uploadId: '1', startedAt: 0 };
        yield { key: 'young', uploadId: '2', startedAt: HOUR };
      },
      abortUpload: async ({ key }) => void aborted.push(key),
    };
    const options = { graceMs: GRACE, now: GRACE + HOUR };
    expect((await collectGarbage(withUploads, { ...options, dryRun: true })).uploads).toEqual({
      aborted: 1,
      keys: ['old'],
    });
    expect(aborted).toEqual([]);
    await collectGarbage(withUploads, options);
    expect(aborted).toEqual(['old']);
  });
});
