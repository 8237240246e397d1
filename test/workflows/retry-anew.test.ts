import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { BatchClient } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalBatch } from '../../infra/local/batch/server.ts';
import type { LocalBatch } from '../../infra/local/batch/server.ts';
import { REPOSITORY } from '../../infra/local/stack/layout.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { saveCheckpoint } from '../../store/checkpoints.ts';
import { acquireLease } from '../../store/leases.ts';
import { createS3Client, createS3ObjectStore } from '../../store/s3-object-store.ts';
import { newestAnew } from '../../store/set-aside.ts';
import { defineJob, newStateDir } from '../infra/batch/harness.ts';
import { runRecordForTests, storeToyDataset } from '../support/run-record.ts';
import { bucketForTests, s3Environment, s3ForTests, temporalForTests } from '../support/shared-servers.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

const JOB = 'stage-1/seed-0';

let harness: Harness;
let batch: LocalBatch;
let batchClient: BatchClient;
const stateDir = newStateDir();
let env: NodeJS.ProcessEnv;
/** The trainer of today cannot go on from checkpoints of other code. */
let refuses = true;

beforeAll(async () => {
  const s3 = await s3ForTests();
  const bucket = await bucketForTests(s3);
  const { address, namespace } = await temporalForTests();
  const store = createS3ObjectStore({ bucket, client: createS3Client({ ...s3, forcePathStyle: true }) });
  harness = await createHarness({
    store,
    script: ({ jobId }) =>
      refuses && jobId === JOB
        ? { end: 'fail', attempts: [{ exitCode: EXIT_CODES['user-error'] }] }
        : undefined,
  });
  const { credentials, region } = s3;
  batch = await startLocalBatch({ slots: 1, credentials, stateDir, port: 0, onFatal: () => undefined });
  batchClient = new BatchClient({ endpoint: batch.url, region, credentials });
  env = {
    ...process.env,
    ...s3Environment(s3),
    AWS_ENDPOINT_URL_BATCH: batch.url,
    ...{ NAS_BUCKET: bucket, NAS_QUEUE: 'queue', NAS_JOB_DEFINITION: 'trainer' },
    ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, NAS_TASK_QUEUE: harness.taskQueue },
  };
});
afterAll(async () => {
  await harness.close();
  batchClient.destroy();
  await batch.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const nas = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) =>
    execFile(
      process.execPath,
      ['scripts/nas.mjs', ...args],
      { cwd: REPOSITORY, env },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  );

describe('nas retry --anew', () => {
  it('trains a job of a failed run from its beginning by the newest revision, and says so', async () => {
    const { client, store, taskQueue, runId } = harness;
    await harness.during(async () => {
      const record = {
        ...runRecordForTests(runId, {
          stages: { search: { seeds: [0] }, retrain: { topK: 1 }, evaluate: { seeds: [0, 1] } },
        }),
        dataset: { name: 'toy', manifest: await storeToyDataset(store) },
        code: { jobDefinition: 'trainer:1', workers: [] },
      };
      const handle = await startRun(client, store, { record, taskQueue });
      await expect(handle.result()).rejects.toThrow();
      const lease = await acquireLease(store, { runId, jobId: JOB, holder: 'old' });
      await saveCheckpoint(
        store,
        lease,
        { step: 10, tensors: {}, state: {} },
        { experimentHash: record.experimentHash, codeVersion: 'old', threads: 1 },
      );
      for (const revision of [1, 2]) await defineJob(batchClient, 'trainer', ['true', String(revision)]);

      const unknown = await nas('retry', runId, '--anew', 'stage-1/sead-0');
      expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean ${JOB}?`) });
      expect(await newestAnew(store, { runId, jobId: JOB })).toBeUndefined();

      refuses = false;
      const { code, stdout, stderr } = await nas('retry', runId, '--anew', JOB, '--json');
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ runId, jobId: JOB, jobDefinition: 'trainer:2', checkpoints: 1 });
      const view = (await client.workflow.getHandle(runId).result()) as RunView;
      expect(view.status).toBe('done');
      expect(view.audit?.at(-1)).toMatchObject({
        action: 'retry',
        text: expect.stringContaining(
          `${JOB} begins anew with trainer:2; 1 checkpoints of other code are set aside`,
        ),
      });
      // That job alone: the others keep the revision that their run began with.
      const launched = harness.batch.submissions.map(
        ({ tags, jobDefinition }) => `${tags['nas-job']} ${jobDefinition}`,
      );
      expect(launched.slice(0, 2)).toEqual([`${JOB} trainer:1`, `${JOB} trainer:2`]);
      expect(launched.slice(2).every((one) => one.endsWith(' trainer:1'))).toBe(true);

      const again = await nas('retry', runId, '--anew', JOB);
      expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('it has its result') });
    });
  });
});
