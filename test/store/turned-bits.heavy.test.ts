import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../nas/training/program.ts';
import { CorruptBlobError, getBlob, putBlob } from '../../store/blobs.ts';
import { restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { keys } from '../../store/keys.ts';
import { acquireLease, currentLease } from '../../store/leases.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';
import { startVersitygw, type TestS3Server } from '../support/s3-servers.ts';

const identity = { experimentHash: 'experiment', codeVersion: '1', threads: 1 };
const snapshotAt = (step: number): Snapshot => ({
  step,
  tensors: { weights: { dtype: 'float32', shape: [64], data: new Float32Array(64).fill(step) } },
  state: { step },
});

/**
 * A server that keeps a checksum beside each object refuses what was damaged on its disk; the client must not
 * wait for it.
 */
describe('bits that turn on the disk of an S3 server', () => {
  let server: TestS3Server;
  let store: ObjectStore;
  let run = 0;
  let job = { runId: '', jobId: 'stage-1/seed-0' };
  beforeAll(async () => {
    server = await startVersitygw();
    await server.createBucket('bits');
    store = createS3ObjectStore({ bucket: 'bits', client: server.client() });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    job = { ...job, runId: `run-${++run}` };
    const lease = await acquireLease(store, { ...job, holder: 'first' });
    for (const step of [1, 2]) await saveCheckpoint(store, lease, snapshotAt(step), identity);
  });

  const turn = (key: string): void => {
    const file = openSync(join(server.folder, 'objects', 'bits', key), 'r+');
    const at = fstatSync(file).size >> 1;
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ 1;
    writeSync(file, byte, 0, 1, at);
    closeSync(file);
  };
  const chunksOf = async (step: number): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of store.list(keys.job(job.runId, job.jobId).chunks))
      if (key.includes(`-${String(step).padStart(12, '0')}-`)) found.push(key);
    return found;
  };

  it.each(['manifest', 'first chunk', 'last chunk'])('are walked back over: %s', async (what) => {
    const chunks = await chunksOf(2);
    const damaged =
      what === 'manifest'
        ? keys.job(job.runId, job.jobId).manifest(1, 2)
        : (chunks.at(what === 'first chunk' ? 0 : -1) as string);
    turn(damaged);
    const next = await acquireLease(store, { ...job, holder: 'second' });
    const { snapshot, walkedBack } = await restoreCheckpoint(store, next, identity);
    expect(snapshot).toEqual(snapshotAt(1));
    expect(walkedBack).toHaveLength(1);
    expect(walkedBack[0]).toContain(damaged);
    await saveCheckpoint(store, next, snapshotAt(3), identity);
    expect((await restoreCheckpoint(store, job, identity)).snapshot).toEqual(snapshotAt(3));
  });

  it.each(['latest', 'lease'] as const)('are found in the %s and put right', async (which) => {
    turn(keys.job(job.runId, job.jobId)[which]);
    expect(await currentLease(store, job)).toMatchObject({ epoch: 1 });
    const next = await acquireLease(store, { ...job, holder: 'second' });
    expect(next.epoch).toBe(2);
    expect(next.damage).toHaveLength(1);
    const { snapshot, walkedBack } = await restoreCheckpoint(store, next, identity);
    expect(snapshot).toEqual(snapshotAt(2));
    expect(walkedBack).toEqual(next.damage);
    expect((await restoreCheckpoint(store, job, identity)).walkedBack).toEqual([]);
  });

  it('are reported with the name of the object', async () => {
    const blob = await putBlob(store, new TextEncoder().encode('precious'));
    turn(keys.blob(blob.sha256));
    await expect(getBlob(store, blob)).rejects.toThrow(CorruptBlobError);
    const key = keys.blob(blob.sha256);
    await expect(store.get(key)).rejects.toThrow(CorruptDocumentError);
    await expect(store.get(key)).rejects.toThrow(key);
  });
});
