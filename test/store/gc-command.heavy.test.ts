import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { putBlob } from '../../store/blobs.ts';
import { collectGarbage } from '../../store/garbage.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { startVersitygw, type TestS3Server } from '../support/s3-servers.ts';

describe('nas gc on a real server', () => {
  let server: TestS3Server;
  let store: ObjectStore;
  beforeAll(async () => {
    server = await startVersitygw();
    await server.createBucket('garbage');
    store = createS3ObjectStore({ bucket: 'garbage', client: server.client() });
  });
  afterAll(() => server.stop());

  const nas = async (args: readonly string[], endpoint = server.endpoint) => {
    const env = {
      PATH: process.env['PATH'],
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      NAS_BUCKET: 'garbage',
      NAS_QUEUE: 'queue',
      NAS_JOB_DEFINITION: 'trainer',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    };
    const run = promisify(execFile)(process.execPath, ['scripts/nas.mjs', 'gc', ...args], { env });
    return run.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  };

  it('reports as text and as one JSON document', async () => {
    const kept = await putBlob(store, new TextEncoder().encode('kept'));
    await createDocument(store, keys.dataset('d'), z.unknown(), { kept });
    const text = await nas(['--dry-run']);
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toMatch(/^2 objects, 0\.0 MiB\nwould delete 0 objects/);
    const json = await nas(['--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      dryRun: false,
      scanned: { objects: 2 },
      deleted: { objects: 0 },
    });
  });

  it('refuses a grace period in which a job could be writing, and says when there is no server', async () => {
    const refused = await nas(['--grace-hours', '0.5']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      'nas: gc --grace-hours <hours>: "0.5" is not allowed. Allowed: numbers from 1. ' +
        'Fix: nas gc --help shows its options and examples\n',
    );
    expect(refused.stdout).toBe('');
    const down = await nas([], 'http://127.0.0.1:9');
    expect(down.code).toBe(3);
    expect(down.stderr).toMatch(/bucket=garbage/);
  });

  it('deletes after two grace periods by the server’s clock', async () => {
    const lost = await putBlob(store, new TextEncoder().encode('lost'));
    const key = keys.blob(lost.sha256);
    const collect = () => collectGarbage(store, { graceMs: 1_000, now: Date.now() });
    await sleep(2_100);
    expect((await collect()).condemned.keys).toEqual([key]);
    expect(await store.head(key)).toBeDefined();
    await sleep(1_100);
    expect((await collect()).deleted.keys).toEqual([key]);
    expect(await store.head(key)).toBeUndefined();
  });
});
