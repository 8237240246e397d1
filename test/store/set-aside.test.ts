import { describe, expect, it } from 'vitest';
import { restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { keys } from '../../store/keys.ts';
import { acquireLease, StaleLeaseError } from '../../store/leases.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { newestAnew, setCheckpointsAside } from '../../store/set-aside.ts';

const JOB = { runId: 'run', jobId: 'stage-1/seed-0' };
const OLD = { experimentHash: 'e'.repeat(64), codeVersion: 'old', threads: 1 };
const NEW = { ...OLD, codeVersion: 'new' };
const snapshot = (step: number) => ({ step, tensors: {}, state: { step } });
const decision = { at: '2026-01-01T00:00:00.000Z', by: 'somebody@host', jobDefinition: 'trainer:4' };

describe('a job that begins anew', () => {
  it('restores nothing, keeps its old checkpoints through later saves, and says who wanted it', async () => {
    const store = createMemoryObjectStore();
    const old = await acquireLease(store, { ...JOB, holder: 'old' });
    await saveCheckpoint(store, old, snapshot(10), OLD);
    const { manifest } = await saveCheckpoint(store, old, snapshot(20), OLD);
    await expect(restoreCheckpoint(store, JOB, NEW)).rejects.toThrow(
      /job stage-1\/seed-0 of run run cannot go on from its checkpoint.*another code version/,
    );
    expect(await newestAnew(store, JOB)).toBeUndefined();

    const anew = await setCheckpointsAside(store, JOB, decision);
    expect(anew.checkpoints).toHaveLength(2);
    expect(anew.checkpoints[0]).toBe(manifest);
    expect(await newestAnew(store, JOB)).toEqual(anew);
    await expect(saveCheckpoint(store, old, snapshot(30), OLD)).rejects.toThrow(StaleLeaseError);

    const fresh = await acquireLease(store, { ...JOB, holder: 'new' });
    expect((await restoreCheckpoint(store, fresh, NEW)).snapshot).toBeUndefined();
    for (const step of [1, 2, 3, 4, 5]) await saveCheckpoint(store, fresh, snapshot(step), NEW, { keep: 1 });
    expect((await restoreCheckpoint(store, fresh, NEW)).snapshot?.step).toBe(5);
    for (const key of anew.checkpoints) expect(await store.head(key), key).toBeDefined();
  });

  it('may be set back more than once, also before it has any checkpoint', async () => {
    const store = createMemoryObjectStore();
    await setCheckpointsAside(store, JOB, decision);
    const again = { ...decision, jobDefinition: 'trainer:5' };
    await setCheckpointsAside(store, JOB, again);
    expect(await newestAnew(store, JOB)).toMatchObject({ jobDefinition: 'trainer:5', checkpoints: [] });
    expect(await store.head(keys.job(JOB.runId, JOB.jobId).anew(2))).toBeDefined();
  });
});
