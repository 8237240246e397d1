import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeHttpHandlerOptions } from '@smithy/types';
import { z } from 'zod';
import { acquireLease } from '../../store/leases.ts';
import { restoreCheckpoint, saveCheckpoint } from '../../store/checkpoints.ts';
import { createDocument } from '../../store/json-documents.ts';
import { createS3Client, createS3ObjectStore } from '../../store/s3-object-store.ts';
import { createRetryStrategy } from '../../store/s3-retries.ts';
import { StorageError, type ObjectStore } from '../../store/object-store.ts';
import { PROXY_FAULTS, startFaultProxy, type FaultProxy, type ProxyFault } from '../support/fault-proxy.ts';
import { startMoto, startVersitygw, type TestS3Server } from '../support/s3-servers.ts';
import type { Snapshot } from '../../nas/training/program.ts';

/** A refusal is no passing fault: the client does not repeat what it is denied. */
const PASSING = PROXY_FAULTS.filter((kind) => kind !== 'denied');

const identity = { experimentHash: 'experiment', codeVersion: '1', threads: 1 };
const snapshotAt = (step: number): Snapshot => ({
  step,
  tensors: {
    weights: { dtype: 'float32', shape: [300_000], data: new Float32Array(300_000).fill(step) },
    frozen: { dtype: 'float32', shape: [1000], data: new Float32Array(1000).fill(0.5) },
  },
  state: { step },
});

describe.each([
  ['versitygw', startVersitygw],
  ['moto', startMoto],
] as const)('on %s behind a faulty network', (_name, start) => {
  let server: TestS3Server;
  let proxy: FaultProxy;
  let store: ObjectStore;
  /** Meets faults with short waits, so that the test ends soon. */
  const storeThrough = (requestHandler: NodeHttpHandlerOptions, attempts = 20): ObjectStore => {
    const client = createS3Client({
      endpoint: proxy.endpoint,
      region: 'us-east-1',
      credentials: server.credentials,
      forcePathStyle: true,
      retryStrategy: createRetryStrategy({ attempts, baseMs: 5, maxMs: 100 }),
      requestHandler,
    });
    return createS3ObjectStore({ bucket: 'faults', client, partBytes: 5 * 2 ** 20 });
  };
  beforeAll(async () => {
    server = await start();
    await server.createBucket('faults');
    proxy = await startFaultProxy(server.endpoint);
    store = storeThrough({ requestTimeout: 500, throwOnRequestTimeout: true });
  }, 180_000);
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it.each(PASSING)(
    'gets over %s',
    async (kind: ProxyFault) => {
      const body = randomBytes(100_000);
      const before = proxy.injected.length;
      proxy.setPlan({ seed: 3, rate: 0.35, kinds: [kind], latencyMs: 50, hangMs: 10_000 });
      for (let i = 0; i < 4; i++) {
        await store.put(`${kind}/${i}`, body);
        expect(Buffer.compare((await store.get(`${kind}/${i}`))!.body, body)).toBe(0);
        const listed = [];
        for await (const { key } of store.list(`${kind}/`)) listed.push(key);
        expect(listed).toContain(`${kind}/${i}`);
        expect((await createDocument(store, `${kind}/document-${i}`, z.unknown(), { i })).identical).toBe(
          true,
        );
      }
      proxy.setPlan(undefined);
      expect(proxy.injected.length).toBeGreaterThan(before);
      expect(new Set(proxy.injected.slice(before).map(({ fault }) => fault))).toEqual(new Set([kind]));
    },
    60_000,
  );

  it('checkpoints and restores through all of them', async () => {
    const job = { runId: 'run', jobId: `job-${_name}` };
    const before = proxy.injected.length;
    proxy.setPlan({ seed: 11, rate: 0.25, kinds: PASSING, latencyMs: 50, hangMs: 5_000 });
    let step = 0;
    for (let attempt = 0; attempt < 3; attempt++) {
      const lease = await acquireLease(store, { ...job, holder: `attempt-${attempt}` });
      const restored = await restoreCheckpoint(store, lease, identity);
      expect(restored.snapshot?.step ?? 0).toBe(step);
      expect(restored.walkedBack).toEqual([]);
      if (restored.snapshot) expect(restored.snapshot).toEqual(snapshotAt(step));
      for (let i = 0; i < 3; i++) await saveCheckpoint(store, lease, snapshotAt(++step), identity);
    }
    proxy.setPlan(undefined);
    expect(proxy.injected.length - before).toBeGreaterThan(10);
  }, 120_000);

  it('leaves no upload behind when a large body cannot be written', async () => {
    proxy.setPlan({ seed: 1, rate: 0.3, kinds: ['slow-down', 'reset', 'answer-lost'] });
    await storeThrough({}).put('large/a', randomBytes(21 * 2 ** 20));
    proxy.setPlan(undefined);
    for await (const upload of store.listUploads('')) throw new Error(`${upload.key} was left behind`);
    expect((await store.head('large/a'))?.bytes).toBe(21 * 2 ** 20);
  }, 120_000);

  it('gives up with an error that names the object when the service stays away', async () => {
    const impatient = storeThrough({}, 3);
    proxy.setPlan({ seed: 1, rate: 1, kinds: ['slow-down'] });
    const error = await impatient.put('gone/a', randomBytes(10)).catch((e: unknown) => e);
    proxy.setPlan(undefined);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as Error).message).toMatch(
      /PutObject failed with status 503: SlowDown.*\[bucket=faults, key=gone\/a\]/,
    );
  });
});
