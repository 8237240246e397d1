import { describe, expect, it } from 'vitest';
import { keys } from '../../store/keys.ts';
import { acquireLease, currentLease, StaleLeaseError } from '../../store/leases.ts';
import { CheckpointMismatchError, restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { StorageError } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Snapshot } from '../../nas/training/program.ts';

const job = { runId: 'run', jobId: 'stage-1/seed-0' };
const paths = keys.job(job.runId, job.jobId);
const identity = { experimentHash: 'e'.repeat(64), codeVersion: '1.0.0', threads: 1 };
const acquire = (store: ObjectStore, holder = 'host') => acquireLease(store, { ...job, holder });

/** A state in which `weights` change every step and `alphas` every tenth. */
const snapshotAt = (step: number): Snapshot => ({
  step,
  tensors: {
    weights: {
      dtype: 'float32',
      shape: [2, 3],
      data: Float32Array.from({ length: 6 }, (_, i) => step + i / 7),
    },
    alphas: { dtype: 'float32', shape: [4], data: new Float32Array(4).fill(Math.floor(step / 10)) },
    counter: { dtype: 'int32', shape: [], data: Int32Array.of(step) },
  },
  state: { random: [1, 2, 3, step], curve: [{ loss: 1 / step }] },
});

const list = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

const overwrite = async (store: ObjectStore, key: string, change: (body: Uint8Array) => Uint8Array) => {
  const stored = await store.get(key);
  if (stored === undefined) throw new Error(`${key}: nothing to damage`);
  await store.put(key, change(stored.body));
};
const flipBit = (bit: number) => (body: Uint8Array) => {
  const copy = body.slice();
  copy[(bit >> 3) % copy.length]! ^= 1 << (bit & 7);
  return copy;
};

/** Three saved steps under one lease. */
const withThree = async () => {
  const store = createMemoryObjectStore();
  const lease = await acquire(store);
  for (const step of [10, 20, 30]) await saveCheckpoint(store, lease, snapshotAt(step), identity);
  return { store, lease };
};

describe('leases', () => {
  it('number their epochs from 1 and know their holder', async () => {
    const store = createMemoryObjectStore();
    expect(await currentLease(store, job)).toBeUndefined();
    expect((await acquire(store, 'a')).epoch).toBe(1);
    expect((await acquire(store, 'b')).epoch).toBe(2);
    expect(await currentLease(store, job)).toEqual({ epoch: 2, holder: 'b' });
  });

  it('are unique when many attempts acquire at once', async () => {
    const store = createMemoryObjectStore();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => acquire(store, `host-${i}`)),
    );
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.epoch] : []));
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(new Set(won).size).toBe(won.length);
    expect(lost.every((error) => error instanceof StaleLeaseError)).toBe(true);
    expect((await currentLease(store, job))?.epoch).toBe(20);
    expect(won).toContain(20);
  });

  it('never reuse an epoch although lease.json is lost or damaged', async () => {
    const { store } = await withThree();
    await store.delete([paths.lease]);
    expect((await acquire(store)).epoch).toBe(2);
    await overwrite(store, paths.lease, flipBit(301));
    const third = await acquire(store);
    expect(third.epoch).toBe(3);
    expect(third.damage).toEqual([expect.stringContaining('lease.json')]);
  });

  it('are plain data that a worker thread can be given', async () => {
    const lease = await acquire(createMemoryObjectStore());
    expect(structuredClone(lease)).toEqual(lease);
  });
});

describe('saving and restoring', () => {
  it('starts from nothing', async () => {
    const store = createMemoryObjectStore();
    const lease = await acquire(store);
    expect(await restoreCheckpoint(store, lease, identity)).toEqual({
      snapshot: undefined,
      manifest: undefined,
      walkedBack: [],
    });
  });

  it('gives back every bit of the newest checkpoint', async () => {
    const { store } = await withThree();
    const special = new Float32Array(Uint32Array.of(0x7fc00001, 0x80000000, 1, 0x7f800000).buffer);
    const lease = await acquire(store);
    const snapshot: Snapshot = {
      step: 31,
      tensors: { special: { dtype: 'float32', shape: [2, 2], data: special } },
      state: { a: null },
    };
    await saveCheckpoint(store, lease, snapshot, identity);
    const restored = await restoreCheckpoint(store, job, identity);
    expect(restored.snapshot?.step).toBe(31);
    expect(restored.snapshot?.state).toEqual({ a: null });
    expect(Buffer.from(restored.snapshot!.tensors['special']!.data.buffer)).toEqual(
      Buffer.from(special.buffer),
    );
  });

  it('refuses a state that JSON would change', async () => {
    const store = createMemoryObjectStore();
    const lease = await acquire(store);
    await expect(
      saveCheckpoint(store, lease, { ...snapshotAt(1), state: { loss: NaN } }, identity),
    ).rejects.toThrow(/NaN/);
  });

  it('does not upload unchanged tensors again', async () => {
    const store = createMemoryObjectStore();
    const lease = await acquire(store);
    const frozen = { dtype: 'float32', shape: [5000], data: new Float32Array(5000).fill(0.25) } as const;
    const at = (step: number): Snapshot => ({
      step,
      tensors: { ...snapshotAt(step).tensors, frozen },
      state: { step },
    });
    const first = await saveCheckpoint(store, lease, at(1), identity);
    expect(first.bytesUploaded).toBeGreaterThan(20_000);
    expect(first.bytesReused).toBe(0);
    for (let step = 2; step < 12; step++) {
      const next = await saveCheckpoint(store, lease, at(step), identity);
      expect(next.bytesUploaded).toBeLessThan(1_000);
      expect(next.bytesReused).toBeGreaterThanOrEqual(20_000);
    }
    expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(at(11));
  });

  it('does nothing when the newest checkpoint is saved again, and refuses another state of the same step', async () => {
    const { store, lease } = await withThree();
    const before = await list(store, '');
    const again = await saveCheckpoint(store, lease, snapshotAt(30), identity);
    expect(again.bytesUploaded).toBe(0);
    expect(again.bytesReused).toBeGreaterThan(0);
    expect(await list(store, '')).toEqual(before);
    await expect(saveCheckpoint(store, lease, { ...snapshotAt(30), state: 1 }, identity)).rejects.toThrow(
      /another state of step 30/,
    );
    await expect(saveCheckpoint(store, lease, snapshotAt(29), identity)).rejects.toThrow(
      /step 29 is not allowed/,
    );
  });

  it('keeps as many checkpoints as asked and removes what no other needs', async () => {
    const store = createMemoryObjectStore();
    const lease = await acquire(store);
    for (let step = 1; step <= 25; step++)
      await saveCheckpoint(store, lease, snapshotAt(step), identity, { keep: 2 });
    expect(await list(store, paths.manifests)).toEqual([paths.manifest(1, 24), paths.manifest(1, 25)]);
    // Two checkpoints of a tensor chunk and a state each, and the chunk of step 20 that still holds the
    // alphas.
    expect(await list(store, paths.chunks)).toHaveLength(5);
    await store.delete([paths.manifest(1, 25)]);
    expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(24));
  });
});

describe('fencing', () => {
  it('refuses a zombie before it writes anything, and records it', async () => {
    const { store, lease: zombie } = await withThree();
    const lease = await acquire(store, 'successor');
    const before = await list(store, paths.prefix);
    await expect(saveCheckpoint(store, zombie, snapshotAt(40), identity)).rejects.toThrow(StaleLeaseError);
    expect((await list(store, paths.prefix)).filter((key) => !before.includes(key))).toEqual([
      paths.refusal(1, 40),
    ]);
    expect(JSON.parse(Buffer.from((await store.get(paths.refusal(1, 40)))!.body).toString())).toMatchObject({
      epoch: 1,
      newerEpoch: 2,
      holder: 'host',
      step: 40,
    });
    expect((await restoreCheckpoint(store, lease, identity)).snapshot?.step).toBe(30);
    await expect(restoreCheckpoint(store, zombie, identity)).rejects.toThrow(
      /epoch 1 \(host\) ended when epoch 2 began/,
    );
  });

  it.each(['chunks', 'manifest', 'latest'] as const)(
    'refuses a zombie that lost its lease before writing %s',
    async (at) => {
      const { store, lease: zombie } = await withThree();
      let successor: Awaited<ReturnType<typeof acquire>> | undefined;
      const interrupt = async (kind: string) => {
        if (kind === at && successor === undefined) successor = await acquire(store, 'successor');
      };
      const paused: ObjectStore = {
        ...store,
        put: async (key, body) => {
          await interrupt('chunks');
          return store.put(key, body);
        },
        putIfAbsent: async (key, body) => {
          await interrupt('manifest');
          return store.putIfAbsent(key, body);
        },
        compareAndSwap: async (key, body, etag) => {
          await interrupt('latest');
          return store.compareAndSwap(key, body, etag);
        },
      };
      await expect(saveCheckpoint(paused, zombie, snapshotAt(40), identity)).rejects.toThrow(StaleLeaseError);
      expect(successor?.epoch).toBe(2);
      expect((await restoreCheckpoint(store, successor!, identity)).snapshot?.step).toBe(30);
      expect(await list(store, paths.refusals)).toEqual([paths.refusal(1, 40)]);
      await saveCheckpoint(store, successor!, snapshotAt(35), identity);
      expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(35));
      expect(await list(store, paths.manifests)).not.toContain(paths.manifest(1, 40));
    },
  );
});

describe('retention', () => {
  it('of a zombie that wakes up late touches nothing that its successor wrote', async () => {
    const { store, lease: zombie } = await withThree();
    let successor: Awaited<ReturnType<typeof acquire>> | undefined;
    const paused: ObjectStore = {
      ...store,
      // The zombie's checkpoint is acknowledged; then it sleeps while its successor saves, and wakes up to
      // sweep.
      async *list(prefix) {
        if (successor === undefined) {
          successor = await acquire(store, 'successor');
          for (const step of [41, 42, 43, 44])
            await saveCheckpoint(store, successor, snapshotAt(step), identity);
        }
        yield* store.list(prefix);
      },
    };
    await saveCheckpoint(paused, zombie, snapshotAt(40), identity, { keep: 2 });
    expect(successor?.epoch).toBe(2);
    for (const step of [44, 43, 42]) {
      const restored = await restoreCheckpoint(store, job, identity);
      expect(restored.snapshot).toEqual(snapshotAt(step));
      await store.delete([paths.manifest(2, step)]);
    }
  });

  it('does not fail a save that is acknowledged', async () => {
    const { store, lease } = await withThree();
    const stuck: ObjectStore = { ...store, delete: () => Promise.reject(new StorageError('delete failed')) };
    const saved = await saveCheckpoint(stuck, lease, snapshotAt(40), identity);
    expect(saved.retentionProblem).toBe('delete failed');
    expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(40));
    const next = await saveCheckpoint(store, lease, snapshotAt(50), identity);
    expect(next.retentionProblem).toBeUndefined();
    expect(await list(store, paths.manifests)).toHaveLength(3);
  });
});

describe('walking back', () => {
  const damages: [string, (store: ObjectStore) => Promise<void>, RegExp][] = [
    ['a missing manifest', (store) => store.delete([paths.manifest(1, 30)]), /30\.json: missing/],
    [
      'a changed manifest',
      (store) => overwrite(store, paths.manifest(1, 30), flipBit(1234)),
      /30\.json: its SHA-256 is/,
    ],
    [
      'a truncated chunk',
      async (store) => {
        const chunk = (await list(store, paths.chunks)).find((key) => key.includes('-000000000030-'))!;
        await overwrite(store, chunk, (body) => body.slice(0, -1));
      },
      /has \d+ bytes where \d+ were written/,
    ],
    [
      'a missing chunk',
      async (store) =>
        store.delete((await list(store, paths.chunks)).filter((key) => key.includes('-000000000030-'))),
      /chunks.*: missing/,
    ],
  ];
  it.each(damages)('passes over %s and says so', async (_name, damage, reason) => {
    const { store } = await withThree();
    await damage(store);
    const lease = await acquire(store);
    const restored = await restoreCheckpoint(store, lease, identity);
    expect(restored.snapshot).toEqual(snapshotAt(20));
    expect(restored.manifest).toBe(paths.manifest(1, 20));
    expect(restored.walkedBack).toEqual([expect.stringMatching(reason)]);
    // The refused one no longer counts among those kept.
    await saveCheckpoint(store, lease, snapshotAt(25), identity, { keep: 2 });
    expect(await list(store, paths.manifests)).toEqual([paths.manifest(1, 20), paths.manifest(2, 25)]);
  });

  it('passes over a foreign manifest', async () => {
    const { store } = await withThree();
    const other = { runId: 'other', jobId: job.jobId };
    const lease = await acquireLease(store, { ...other, holder: 'host' });
    await saveCheckpoint(store, lease, snapshotAt(99), identity);
    const latest = await store.get(keys.job('other', job.jobId).latest);
    await store.put(paths.latest, latest!.body);
    const restored = await restoreCheckpoint(store, job, identity);
    expect(restored.snapshot).toEqual(snapshotAt(30));
    expect(restored.walkedBack).toEqual([expect.stringMatching(/foreign, belongs to run other/)]);
  });

  it.each(['missing', 'corrupt'])('does without a %s latest.json', async (how) => {
    const { store } = await withThree();
    if (how === 'missing') await store.delete([paths.latest]);
    else await overwrite(store, paths.latest, (body) => body.slice(0, 100));
    const lease = await acquire(store);
    const restored = await restoreCheckpoint(store, lease, identity);
    expect(restored.snapshot).toEqual(snapshotAt(30));
    expect(restored.walkedBack).toEqual([expect.stringMatching(/latest\.json/)]);
    expect((await restoreCheckpoint(store, job, identity)).walkedBack).toEqual([]);
  });

  it('starts over, saying why, when nothing verifies', async () => {
    const { store } = await withThree();
    await store.delete(await list(store, paths.chunks));
    const restored = await restoreCheckpoint(store, await acquire(store), identity);
    expect(restored.snapshot).toBeUndefined();
    expect(restored.walkedBack).toHaveLength(3);
  });

  it('detects a flipped bit in any byte of a checkpoint', async () => {
    const { store } = await withThree();
    const newest = [
      paths.manifest(1, 30),
      ...(await list(store, paths.chunks)).filter((key) => key.includes('-000000000030-')),
    ];
    let flips = 0;
    for (const key of newest) {
      const { body } = (await store.get(key))!;
      for (let byte = 0; byte < body.byteLength; byte++) {
        const bit = byte * 8 + (byte % 8);
        await store.put(key, flipBit(bit)(body));
        const restored = await restoreCheckpoint(store, job, identity);
        if (restored.snapshot?.step !== 20 || restored.walkedBack.length !== 1)
          throw new Error(`bit ${bit} of ${key}`);
        flips++;
      }
      await store.put(key, body);
    }
    expect(flips).toBeGreaterThan(1_000);
  }, 120_000);

  it('never misreads a latest.json with a flipped bit in any byte', async () => {
    const { store } = await withThree();
    const { body } = (await store.get(paths.latest))!;
    for (let byte = 0; byte < body.byteLength; byte++) {
      const bit = byte * 8 + (byte % 8);
      await store.put(paths.latest, flipBit(bit)(body));
      const restored = await restoreCheckpoint(store, job, identity);
      expect(restored.snapshot?.step, `bit ${bit}`).toBe(30);
    }
  }, 120_000);
});

describe('identity', () => {
  it.each([
    ['experimentHash', 'f'.repeat(64), /another experiment/],
    ['codeVersion', '2.0.0', /another code version: codeVersion is 2\.0\.0 where the checkpoint has 1\.0\.0/],
    ['threads', 2, /another thread count: threads is 2 where the checkpoint has 1/],
  ] as const)('refuses a checkpoint with another %s', async (field, value, message) => {
    const { store } = await withThree();
    const error = await restoreCheckpoint(store, job, { ...identity, [field]: value }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CheckpointMismatchError);
    expect((error as Error).message).toMatch(message);
    expect((error as CheckpointMismatchError).differences).toEqual([
      { field, stored: identity[field], current: value },
    ]);
  });
});
