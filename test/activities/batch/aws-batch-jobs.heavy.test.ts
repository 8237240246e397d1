import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobArraySchema } from '../../../nas/job/job-array.ts';
import { createAwsBatchJobs } from '../../../activities/batch/aws-batch-jobs.ts';
import { hasEnded } from '../../../activities/batch/batch-jobs.ts';
import type { BatchJob, BatchJobs, BatchSubmission } from '../../../activities/batch/batch-jobs.ts';
import { listUnfinishedJobs } from '../../../activities/reconcile/unfinished-jobs.ts';
import { findLocalCapacity } from '../../../activities/batch/local-capacity.ts';
import { createJobWatcher } from '../../../activities/batch/job-watcher.ts';
import { CANCEL_REASON, classifyAttempt } from '../../../nas/job/classify.ts';
import type { Outcome } from '../../../nas/job/outcome.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { defineJob, startHarness, TEST_IDENTITY } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';

let harness: Harness;
let batch: BatchJobs;

beforeAll(async () => {
  harness = await startHarness([], { slots: 8, secondMs: 20 });
  batch = createAwsBatchJobs(harness.client);
  const define = (name: string, ...script: string[]) =>
    defineJob(harness.client, name, ['/bin/sh', '-c', ...script], {
      memory: 512,
      parameters: { job: 'true' },
    });
  // As the trainer's definition: the one parameter is the job's URI, here a shell script.
  await define('trainer', 'Ref::job');
  await define('first-ends', 'test $AWS_BATCH_JOB_ARRAY_INDEX = 0 || sleep 60', 'Ref::job');
});
afterAll(() => harness.close());

const submission = (name: string, job: string, change: Partial<BatchSubmission> = {}): BatchSubmission => ({
  name,
  queue: 'queue',
  jobDefinition: 'trainer',
  job,
  vcpus: 1,
  memoryMiB: 64,
  gpus: 0,
  attempts: 3,
  timeoutSeconds: 3600,
  tags: { 'nas-run': 'run' },
  ...change,
});

const ended = async (id: string): Promise<BatchJob> => {
  const watcher = createJobWatcher({ describe: batch.describe, poll: { min: 20, max: 50 } });
  const job = await watcher.ended(id, AbortSignal.timeout(30_000));
  if (job === undefined) throw new Error(`${id}: unknown to Batch`);
  return job;
};

/** The outcome of the whole job, as `launchJob` decides it. */
const outcome = (job: BatchJob): Outcome => {
  const last = job.attempts.at(-1);
  return classifyAttempt({ ...last, statusReason: job.statusReason ?? last?.statusReason });
};

describe('AWS Batch through its SDK, against the local endpoint', () => {
  it.each([
    ['exit 0', 'succeeded', 1],
    ['exit 64', 'user-error', 1],
    ['exit 66', 'diverged', 1],
    ['exit 70', 'lost', 1],
    ['exit 1', 'user-error', 1],
    ['kill -9 $$', 'lost', 1],
    // Batch owns the retry of a reclaim, and of nothing else.
    ['exit 75', 'preempted', 3],
  ] as const)('%s ends as %s after %i attempts', async (script, expected, attempts) => {
    const job = await ended(await batch.submit(submission(`exit-${expected}-${attempts}`, script)));
    expect(outcome(job)).toBe(expected);
    expect(job.attempts).toHaveLength(attempts);
    for (const attempt of job.attempts)
      expect(attempt.stoppedAt).toBeGreaterThanOrEqual(attempt.startedAt ?? Infinity);
  });

  it('finds jobs by their exact name, oldest first, whatever their state', async () => {
    const first = await batch.submit(submission('run--stage-1-seed-1-1-abc', 'exit 0'));
    await ended(first);
    const second = await batch.submit(submission('run--stage-1-seed-1-1-abc', 'exit 0'));
    await batch.submit(submission('run--stage-1-seed-1-1-abcd', 'exit 0'));
    expect(await batch.find('queue', 'run--stage-1-seed-1-1-abc')).toEqual([first, second]);
    expect(await batch.find('queue', 'run--stage-1-seed-1-1-ab')).toEqual([]);
  });

  it('terminates a job, which then counts as cancelled; a second time is harmless', async () => {
    const id = await batch.submit(submission('terminated', 'sleep 60'));
    while ((await batch.describe([id]))[0]?.status !== 'RUNNING') await sleep(20);
    await batch.terminate(id, `${CANCEL_REASON}: its run was cancelled`);
    const job = await ended(id);
    expect(outcome(job)).toBe('cancelled');
    await batch.terminate(id, 'again');
    expect((await batch.describe([id]))[0]?.statusReason).toBe(job.statusReason);
  });

  it('counts a machine that is taken away as a reclaim and goes on', async () => {
    const capacity = await findLocalCapacity(harness.batch.url, TEST_IDENTITY);
    const id = await batch.submit(submission('reclaimed', 'test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 60'));
    while ((await batch.describe([id]))[0]?.status !== 'RUNNING') await sleep(20);
    await capacity?.reclaim(id);
    const job = await ended(id);
    expect(job.status).toBe('SUCCEEDED');
    expect(job.attempts.map((attempt) => classifyAttempt(attempt))).toEqual(['preempted', 'succeeded']);
    await expect(capacity?.reclaim(id)).rejects.toThrow(/refused with status 400/);
  });

  it('runs the children of an array one by one, found by their parent’s name', async () => {
    const script = 'test $AWS_BATCH_JOB_ARRAY_INDEX = 0 || sleep 60';
    const id = await batch.submit(submission('array', script, { size: 3 }));
    expect(await batch.find('queue', 'array')).toEqual([id]);
    expect((await ended(`${id}:0`)).status).toBe('SUCCEEDED');
    while ((await batch.describe([`${id}:1`]))[0]?.status !== 'RUNNING') await sleep(20);
    await batch.terminate(`${id}:1`, `${CANCEL_REASON}: by hand`);
    expect(outcome(await ended(`${id}:1`))).toBe('cancelled');
    expect((await batch.describe([`${id}:2`]))[0]?.attempts).toEqual([]);
    await batch.terminate(id, `${CANCEL_REASON}: duplicate`);
    expect(outcome(await ended(`${id}:2`))).toBe('cancelled');
  });

  it('names the jobs of an array in place of it, as long as they have not ended', async () => {
    const store = createMemoryObjectStore();
    const key = keys.job('run', 'stage-1/seed-0').array('0');
    const jobs = ['stage-1/seed-0/trial-000000', 'stage-1/seed-0/trial-000001'];
    await createDocument(store, key, jobArraySchema, { version: 1, runId: 'run', name: 'listed', jobs });
    const tags = { 'nas-run': 'run', 'nas-job': 'stage-1/seed-0', 'nas-deployment': 'ours' };
    const id = await batch.submit(
      submission('listed', store.uri(key), { jobDefinition: 'first-ends', size: 2, tags }),
    );
    await ended(`${id}:0`);
    const listed = async () =>
      (await listUnfinishedJobs(harness.client, store, ['queue'], Date.now())).jobs.filter(({ batchJobId }) =>
        batchJobId.startsWith(id),
      );
    expect(await listed()).toMatchObject([
      { batchJobId: `${id}:1`, runId: 'run', jobId: jobs[1], deployment: 'ours' },
    ]);
    await batch.terminate(`${id}:1`, 'done');
    await ended(`${id}:1`);
    expect(await listed()).toEqual([]);
  });

  it('lists the jobs of the other queues where one does not exist', async () => {
    const store = createMemoryObjectStore();
    const tags = { 'nas-run': 'run', 'nas-job': 'stage-1/seed-0' };
    const id = await batch.submit(submission('beside', 'sleep 60', { tags }));
    const { jobs, skipped } = await listUnfinishedJobs(
      harness.client,
      store,
      ['misspelt', 'queue'],
      Date.now(),
    );
    expect(jobs.map(({ batchJobId }) => batchJobId)).toContain(id);
    expect(skipped).toMatchObject([{ queue: 'misspelt', reason: expect.stringContaining('misspelt') }]);
    await batch.terminate(id, 'done');
  });

  it('leaves out ids that Batch does not know', async () => {
    expect(await batch.describe(['00000000-0000-0000-0000-000000000000'])).toEqual([]);
  });

  it('knows an endpoint that is not the embedded one', async () => {
    expect(await findLocalCapacity(undefined, TEST_IDENTITY)).toBeUndefined();
  });

  it('never reports an end that is none', async () => {
    const id = await batch.submit(submission('slow', 'sleep 1'));
    const seen = new Set<string>();
    for (let job = (await batch.describe([id]))[0]; ; job = (await batch.describe([id]))[0]) {
      if (job === undefined) throw new Error('the job vanished');
      seen.add(job.status);
      if (hasEnded(job)) break;
      await sleep(20);
    }
    expect([...seen].at(-1)).toBe('SUCCEEDED');
    expect(seen.size).toBeGreaterThan(1);
  });
});
