import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keys } from '../../store/keys.ts';
import { acquireLease, StaleLeaseError, type Lease } from '../../store/leases.ts';
import { restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { StorageError, type ObjectStore } from '../../store/object-store.ts';
import { CrashError, faultyStore, type StoreFault } from '../support/faulty-store.ts';
import type { Snapshot } from '../../nas/training/program.ts';

/**
 * The checkpoint store's state machine under crashes and lost answers between any two requests, with any
 * number of attempts (all but one of them zombies) interleaved request by request in an order that fast-check
 * chooses and shrinks.
 */

const job = { runId: 'run', jobId: 'job' };
const paths = keys.job(job.runId, job.jobId);
const identity = { experimentHash: 'experiment', codeVersion: '1', threads: 1 };

/** A snapshot that names its author and content twice, so that any mixture of two snapshots is recognised. */
const snapshotOf = (attempt: number, epoch: number, step: number): Snapshot => ({
  step,
  tensors: {
    weights: { dtype: 'float32', shape: [3], data: Float32Array.of(attempt, epoch, step) },
    alphas: { dtype: 'float32', shape: [1], data: Float32Array.of(attempt * 1000 + Math.floor(step / 3)) },
    steps: { dtype: 'int32', shape: [1], data: Int32Array.of(step) },
  },
  state: { attempt, epoch, step },
});
const provenance = (snapshot: Snapshot): { attempt: number; epoch: number; step: number } => {
  const state = snapshot.state as { attempt: number; epoch: number; step: number };
  expect(snapshot).toEqual(snapshotOf(state.attempt, state.epoch, state.step));
  return state;
};

interface AttemptPlan {
  readonly saves: number;
  readonly keep: number;
  /** Fault at the n-th request of the attempt. */
  readonly faults: readonly { readonly at: number; readonly fault: StoreFault }[];
}
const attemptPlan: fc.Arbitrary<AttemptPlan> = fc.record({
  saves: fc.integer({ min: 0, max: 4 }),
  keep: fc.integer({ min: 1, max: 3 }),
  faults: fc.array(
    fc.record({
      at: fc.nat({ max: 45 }),
      fault: fc.constantFrom<StoreFault>('refused', 'answer-lost', 'repeated', 'crash-before', 'crash-after'),
    }),
    { maxLength: 4 },
  ),
});

interface Position {
  readonly epoch: number;
  readonly step: number;
}
const order = (a: Position, b: Position): number => a.epoch - b.epoch || a.step - b.step;

/** What an observer outside knows: events in the order in which they were seen to complete. */
interface Observation {
  readonly acquired: { readonly epoch: number; restored?: Position | 'nothing' }[];
  readonly acknowledged: Position[];
}

const runAttempt = async (
  attempt: number,
  plan: AttemptPlan,
  store: ObjectStore,
  seen: Observation,
): Promise<'done' | 'crashed' | 'fenced' | 'storage'> => {
  const acknowledgedBefore = [...seen.acknowledged];
  try {
    const lease = await acquireLease(store, { ...job, holder: `attempt-${attempt}` });
    expect(seen.acquired.map(({ epoch }) => epoch)).not.toContain(lease.epoch);
    const record: Observation['acquired'][number] = { epoch: lease.epoch };
    seen.acquired.push(record);
    const restored = await restoreCheckpoint(store, lease, identity);
    expect(restored.walkedBack).toEqual([]);
    const from = restored.snapshot && provenance(restored.snapshot);
    record.restored = from ?? 'nothing';
    checkRestore(lease, from, acknowledgedBefore, seen);
    let step = restored.snapshot?.step ?? 0;
    for (let i = 0; i < plan.saves; i++) {
      step++;
      await save(store, lease, snapshotOf(attempt, lease.epoch, step), plan.keep, seen);
    }
    return 'done';
  } catch (error) {
    if (error instanceof CrashError) return 'crashed';
    if (error instanceof StaleLeaseError) return 'fenced';
    if (error instanceof StorageError) return 'storage';
    throw error;
  }
};

const save = async (
  store: ObjectStore,
  lease: Lease,
  snapshot: Snapshot,
  keep: number,
  seen: Observation,
) => {
  const fencedBefore = seen.acquired.some(({ epoch }) => epoch > lease.epoch);
  const trySave = async () => saveCheckpoint(store, lease, snapshot, identity, { keep });
  await trySave().catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
    return trySave();
  });
  // No zombie write is accepted: once a newer lease was held before the save began, it must have thrown.
  expect(fencedBefore, `epoch ${lease.epoch} saved step ${snapshot.step} although it was fenced`).toBe(false);
  seen.acknowledged.push({ epoch: lease.epoch, step: snapshot.step });
};

const checkRestore = (
  lease: Lease,
  from: Position | undefined,
  acknowledgedBefore: Position[],
  seen: Observation,
) => {
  const newest = acknowledgedBefore.sort(order).at(-1);
  if (newest) {
    expect(from, `epoch ${lease.epoch} lost the acknowledged ${JSON.stringify(newest)}`).toBeDefined();
    expect(order(from as Position, newest)).toBeGreaterThanOrEqual(0);
  }
  if (from) expect(from.epoch).toBeLessThan(lease.epoch);
  // Once an epoch was restored into, nothing else that older epochs wrote may ever come up again.
  for (const earlier of seen.acquired) {
    if (earlier.epoch >= lease.epoch || earlier.restored === undefined) continue;
    const older = from === undefined || from.epoch < earlier.epoch;
    if (older) {
      const { epoch, step } = from ?? { epoch: 0, step: 0 };
      expect(earlier.restored).toEqual(
        from === undefined ? 'nothing' : expect.objectContaining({ epoch, step }),
      );
    }
  }
};

const collect = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

/** So many objects may vanish without taking the last witness of the newest epoch along. */
const TRACES = 2;

describe('the checkpoint store', () => {
  it('keeps its promises under crashes, lost answers and zombies in any interleaving', async () => {
    const ends = { done: 0, crashed: 0, fenced: 0, storage: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(attemptPlan, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (scheduler, plans, together) => {
          const store = createMemoryObjectStore();
          const seen: Observation = { acquired: [], acknowledged: [] };
          const run = (plan: AttemptPlan, attempt: number) =>
            runAttempt(
              attempt,
              plan,
              faultyStore(
                store,
                ({ index }) => plan.faults.find(({ at }) => at === index)?.fault,
                ({ method, key }) => scheduler.schedule(Promise.resolve(), `${attempt} ${method} ${key}`),
              ),
              seen,
            );
          const all = together
            ? Promise.all(plans.map(run))
            : plans.reduce<Promise<Awaited<ReturnType<typeof run>>[]>>(
                async (before, plan, attempt) => [...(await before), await run(plan, attempt)],
                Promise.resolve([]),
              );
          for (const end of await scheduler.waitFor(all)) ends[end]++;

          // A last attempt without faults finds the newest state, can go on, and leaves nothing behind that
          // no one needs.
          const lastPlan = { saves: 2, keep: 2, faults: [] };
          expect(await runAttempt(plans.length, lastPlan, store, seen)).toBe('done');
          const manifests = await collect(store, paths.manifests);
          const lease = seen.acquired.at(-1)!;
          expect(manifests).toHaveLength(2);
          expect(
            manifests.every((key) =>
              key.startsWith(`${paths.manifests}${String(lease.epoch).padStart(6, '0')}-`),
            ),
          ).toBe(true);
          // Two manifests of this epoch: at most two tensor chunks and two states.
          expect((await collect(store, paths.chunks)).length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 300 },
    );
    // The generator reaches every way in which an attempt can end.
    for (const [end, count] of Object.entries(ends)) expect(count, end).toBeGreaterThan(10);
  }, 120_000);

  it('restores only what was saved whole, or nothing, whatever is damaged at rest', async () => {
    const outcomes = { newest: 0, older: 0, nothing: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
        fc.array(
          fc.record({
            object: fc.nat(),
            how: fc.constantFrom('flip', 'truncate', 'delete', 'swap'),
            where: fc.nat(),
          }),
          { maxLength: 4 },
        ),
        async (savesByAttempt, damages) => {
          const store = createMemoryObjectStore();
          let step = 0;
          let epoch = 0;
          for (const [attempt, saves] of savesByAttempt.entries()) {
            const lease = await acquireLease(store, { ...job, holder: 'host' });
            ({ epoch } = lease);
            for (let i = 0; i < saves; i++) {
              await saveCheckpoint(store, lease, snapshotOf(attempt, lease.epoch, ++step), identity);
            }
          }
          for (const { object, how, where } of damages) {
            const present = await collect(store, '');
            const key = present[object % present.length]!;
            const { body } = (await store.get(key))!;
            if (how === 'delete') await store.delete([key]);
            else if (how === 'truncate') await store.put(key, body.slice(0, where % (body.length + 1)));
            else if (how === 'flip' && body.length > 0) {
              body[where % body.length]! ^= 1 << (where % 8);
              await store.put(key, body);
            } else if (how === 'swap') {
              await store.put(key, (await store.get(present[where % present.length]!))!.body);
            }
          }
          const lease = await acquireLease(store, { ...job, holder: 'after' });
          const restored = await restoreCheckpoint(store, lease, identity);
          if (restored.snapshot === undefined) outcomes.nothing++;
          else {
            const from = provenance(restored.snapshot);
            expect(from.step).toBe(restored.snapshot.step);
            if (from.step === step) outcomes.newest++;
            else {
              outcomes.older++;
              expect(restored.walkedBack.length).toBeGreaterThan(0);
            }
          }
          // The epoch still rises, and the job goes on.
          if (damages.length <= TRACES) expect(lease.epoch).toBeGreaterThan(epoch);
          const next = snapshotOf(99, lease.epoch, (restored.snapshot?.step ?? 0) + 1);
          await saveCheckpoint(store, lease, next, identity);
          expect((await restoreCheckpoint(store, lease, identity)).snapshot).toEqual(next);
        },
      ),
      { numRuns: 300 },
    );
    for (const [outcome, count] of Object.entries(outcomes)) expect(count, outcome).toBeGreaterThan(5);
  }, 120_000);
});
