import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { BatchClient } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
let busy: Harness;
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
  // One of its searches fails, the other goes on until it is ended by hand; what retrains never ends.
  busy = await createHarness({
    store,
    script: ({ jobId }, launch) => {
      if (jobId === JOB && launch === 1)
        return { end: 'fail', attempts: [{ exitCode: EXIT_CODES['user-error'] }] };
      return jobId === JOB ? undefined : { end: 'hang' };
    },
  });
  const { credentials, region } = s3;
  batch = await startLocalBatch({ slots: 1, credentials, stateDir, port: 0, onFatal: () => undefined });
  batchClient = new BatchClient({ endpoint: batch.url, region, credentials });
  for (const revision of [1, 2]) await defineJob(batchClient, 'trainer', ['true', String(revision)]);
  env = {
    ...process.env,
    ...s3Environment(s3),
    AWS_ENDPOINT_URL_BATCH: batch.url,
    ...{ NAS_BUCKET: bucket, NAS_QUEUE: 'queue', NAS_JOB_DEFINITION: 'trainer' },
    ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
  };
});
afterAll(async () => {
  await harness.close();
  await busy.close();
  batchClient.destroy();
  await batch.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const nas = (
  { taskQueue }: Harness,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) =>
    execFile(
      process.execPath,
      ['scripts/nas.mjs', ...args],
      { cwd: REPOSITORY, env: { ...env, NAS_TASK_QUEUE: taskQueue } },
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
      const unknown = await nas(harness, 'retry', runId, '--anew', 'stage-1/sead-0');
      expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean ${JOB}?`) });
      expect(await newestAnew(store, { runId, jobId: JOB })).toBeUndefined();

      refuses = false;
      const { code, stdout, stderr } = await nas(harness, 'retry', runId, '--anew', JOB, '--json');
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

      const again = await nas(harness, 'retry', runId, '--anew', JOB);
      expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('it has its result') });
    });
  });

  it(
    'puts a failed job of a run under way back, and touches none that runs or that is done without',
    { timeout: 600_000 },
    async () => {
      const { client, store, taskQueue, runId } = busy;
      const other = 'stage-1/seed-1';
      const anew = (jobId: string) => nas(busy, 'retry', runId, '--anew', jobId);
      await busy.during(async () => {
        const record = {
          ...runRecordForTests(runId, {
            stages: { search: { seeds: [0, 1] } },
            resources: { parallelism: 2 },
          }),
          dataset: { name: 'toy', manifest: await storeToyDataset(store) },
          code: { jobDefinition: 'trainer:1', workers: [] },
        };
        const handle = await startRun(client, store, { record, taskQueue });
        const until = async (holds: (view: RunView) => boolean): Promise<void> => {
          await vi.waitFor(async () => expect(holds(await handle.query<RunView>('progress'))).toBe(true), {
            timeout: 60_000,
          });
        };
        const jobIs = (jobId: string, status: string) => (view: RunView) =>
          view.stages.some(({ jobs }) => jobs.some((job) => job.jobId === jobId && job.status === status));

        await until((view) => jobIs(JOB, 'failed')(view) && jobIs(other, 'running')(view));
        const running = await anew(other);
        expect(running).toMatchObject({ code: 2, stdout: '' });
        expect(running.stderr).toContain(`it is under way; nas cancel ${runId} --job ${other} ends it`);
        expect(await newestAnew(store, { runId, jobId: other })).toBeUndefined();
        const both = await nas(busy, 'retry', runId, '--anew', JOB, '--job', other);
        expect(both).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('Allowed: --anew <job> or --job <job>'),
        });

        expect(await anew(JOB)).toMatchObject({
          code: 0,
          stderr: expect.stringContaining('begins anew with trainer:2'),
        });
        await until(jobIs(JOB, 'done'));
        expect(
          busy.batch.submissions
            .map(({ tags, jobDefinition }) => `${tags['nas-job']} ${jobDefinition}`)
            .sort(),
        ).toEqual([`${JOB} trainer:1`, `${JOB} trainer:2`, `${other} trainer:1`]);

        // The stage goes on without the other search; its checkpoints stay where they are.
        const [unfinished] = busy.batch.running();
        busy.batch.set(unfinished as string, {
          status: 'FAILED',
          attempts: [{ exitCode: EXIT_CODES['user-error'] }],
        });
        await until((view) => view.stages[1]?.status === 'running');
        expect(await anew(other)).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(
            /--anew stage-1\/seed-1: stage proxy-search .* is done\. Fix: nas fork/,
          ),
        });
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow();
        expect(await anew(other)).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(
            /stage proxy-search .* is done without it\. Fix: nas fork repeats a stage/,
          ),
        });
        expect(await newestAnew(store, { runId, jobId: other })).toBeUndefined();
      });
    },
  );
});
