import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import { reclaimNoticeSchema } from '../../../nas/job/handover.ts';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { LaunchHeartbeat } from '../../../activities/launch/await-launch.ts';
import type { LaunchInput, LaunchResult } from '../../../activities/contract.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import { leaveToBatch } from '../../../containers/trainer/handover.ts';
import type { ReclaimNotice } from '../../../nas/job/handover.ts';
import type { JobDocument } from '../../../nas/job/job-document.ts';
import { EXIT_CODES } from '../../../nas/job/outcome.ts';
import { searchJobs } from '../../../nas/protocol/plan.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { parseS3Uri } from '../../../store/object-store.ts';
import { runRecordForTests } from '../../support/run-record.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';
import { createSimulatedBatch, simulatedResult } from '../../support/simulated-batch.ts';

const newEnvironment = (info: ConstructorParameters<typeof MockActivityEnvironment>[0] = {}) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });

const attempt = (exitCode: number | undefined, statusReason = 'Essential container in task exited') => ({
  exitCode,
  statusReason,
  startedAt: 0,
  stoppedAt: 1000,
});
const TAKEN = 'Host EC2 (instance i-0) terminated.';

/** A launch whose Batch jobs stay as they are until the test moves them. */
const setUp = async () => {
  const store = createMemoryObjectStore();
  const record = runRecordForTests('run');
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  const batch = createSimulatedBatch(store, { milliseconds: 0, script: () => ({ end: 'hang' }) });
  const { launchJob } = createProtocolActivities(launchDependencies(store, batch, 2));
  const job = searchJobs(record.experiment)[0] as LaunchInput['job'];
  const input: LaunchInput = {
    run: record,
    job,
    earlier: { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 },
  };
  const beats: LaunchHeartbeat[] = [];
  const launch = (environment = newEnvironment()): Promise<LaunchResult> => {
    environment.on('heartbeat', (details: LaunchHeartbeat) => beats.push(details));
    return environment.run(launchJob, input) as Promise<LaunchResult>;
  };
  const { jobId } = job;
  return {
    store,
    batch,
    jobId,
    beats,
    launch,
    announce: (epoch: number, batchJobId: string, batchAttempt = 1) =>
      createDocument(store, keys.notice('run', jobId, epoch), reclaimNoticeSchema, {
        batchJobId,
        batchAttempt,
        at: '2026-01-01T00:00:00Z',
      } satisfies ReclaimNotice),
    succeed: async (id: string): Promise<void> => {
      const body = (await store.get(parseS3Uri(batch.submissions[0]?.job ?? '').key))?.body;
      const document = JSON.parse(new TextDecoder().decode(body)) as JobDocument;
      await createDocument(
        store,
        keys.job('run', jobId).result,
        programResultSchema,
        simulatedResult(document),
      );
      batch.set(id, { status: 'SUCCEEDED', attempts: [attempt(0)] });
    },
    leave: (id: string) => batch.set(id, { status: 'FAILED', attempts: [attempt(EXIT_CODES.replaced)] }),
  };
};

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('on a reclaim notice', () => {
  it('a replacement is submitted while the job is still leaving, and both count as one launch', async () => {
    const { batch, launch, announce, leave, succeed, beats, store, jobId } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    await announce(1, 'job-1');
    await until(() => batch.submissions.length === 2);
    expect(batch.running()).toEqual(['job-1', 'job-2']);
    expect(batch.submissions[1]).toMatchObject({ attempts: 9, tags: { 'nas-job': jobId } });
    await until(() => beats.some((beat) => beat.replaced !== undefined));
    expect(beats.at(-1)).toEqual({ batchJobId: 'job-2', attempts: 9, replaced: ['job-1'] });
    // The attempt that leaves is told, and Batch starts none in its place.
    expect(await leaveToBatch(store, { runId: 'run', jobId }, 1, 'job-1')).toBe('replaced');
    leave('job-1');
    await succeed('job-2');
    const { report } = await result;
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 2, reclaims: 1, seconds: 2 });
  });

  it('nothing is submitted once the attempt has left to Batch', async () => {
    const { batch, launch, announce, succeed, store, jobId } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    expect(await leaveToBatch(store, { runId: 'run', jobId }, 1, 'job-1')).toBe('batch');
    await announce(1, 'job-1');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batch.submissions).toHaveLength(1);
    // Its next attempt is told to leave in turn, and is slower.
    await announce(2, 'job-1', 2);
    await until(() => batch.submissions.length === 2);
    expect(batch.submissions[1]?.attempts).toBe(8);
    await succeed('job-2');
    await until(() => batch.terminated.length > 0);
    batch.set('job-1', { status: 'FAILED' });
    expect((await result).report.outcome).toBe('succeeded');
  });

  it('worker and attempt never both own the next attempt', async () => {
    const { batch, launch, announce, leave, succeed, store, jobId } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    for (let epoch = 1; epoch <= 8; epoch++) {
      const id = `job-${batch.submissions.length}`;
      const [next] = await Promise.all([
        leaveToBatch(store, { runId: 'run', jobId }, epoch, id),
        announce(epoch, id),
      ]);
      if (next === 'batch') continue;
      await until(() => batch.submissions.length > Number(id.slice(4)));
      leave(id);
    }
    expect(new Set(batch.submissions.map(({ name }) => name)).size).toBe(batch.submissions.length);
    await succeed(`job-${batch.submissions.length}`);
    expect((await result).report.attempts).toBe(batch.submissions.length);
  });

  it('notices of other Batch jobs, and of the last attempt that Batch allows, start nothing', async () => {
    const { batch, launch, announce, succeed } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    await announce(1, 'job-of-an-earlier-launch');
    await announce(2, 'job-1', 10);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await succeed('job-1');
    expect((await result).report).toMatchObject({ outcome: 'succeeded', attempts: 1 });
    expect(batch.submissions).toHaveLength(1);
  });

  it('a job that finishes within the notice needs no replacement', async () => {
    const { batch, launch, announce, succeed } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    await announce(1, 'job-1');
    await until(() => batch.submissions.length === 2);
    await succeed('job-1');
    const { report } = await result;
    expect(batch.terminated[0]).toMatchObject({ id: 'job-2', reason: expect.stringContaining('succeeded') });
    expect(report).toMatchObject({ outcome: 'succeeded', reclaims: 0 });
  });

  it('what Batch restarts of a job whose machine went first is ended', async () => {
    const { batch, launch, announce, succeed } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    await announce(1, 'job-1');
    await until(() => batch.submissions.length === 2);
    batch.set('job-1', { status: 'RUNNABLE', attempts: [attempt(undefined, TAKEN)] });
    await until(() => batch.terminated.length > 0);
    expect(batch.terminated[0]).toMatchObject({ id: 'job-1', reason: expect.stringContaining('replaced') });
    await succeed('job-2');
    expect((await result).report).toMatchObject({ attempts: 2, reclaims: 1 });
  });

  it('a worker that dies between decision, submission and heartbeat submits once', async () => {
    const { batch, launch, announce, leave, succeed, store } = await setUp();
    const decided = newEnvironment();
    const first = launch(decided);
    await until(() => batch.submissions.length === 1);
    // Dies right after the decision: nothing is submitted yet.
    const { submit } = batch;
    Object.assign(batch, { submit: () => Promise.reject(new Error('killed')) });
    await announce(1, 'job-1');
    await expect(first).rejects.toThrow('killed');
    leave('job-1');
    Object.assign(batch, { submit });
    const again = newEnvironment({ heartbeatDetails: { batchJobId: 'job-1' } });
    const second = launch(again);
    await until(() => batch.submissions.length === 2);
    again.cancel('WORKER_SHUTDOWN');
    await expect(second).rejects.toThrow('shutting down');
    // Dies before the heartbeat that names the replacement.
    const third = launch(newEnvironment({ heartbeatDetails: { batchJobId: 'job-1' } }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await succeed('job-2');
    expect((await third).report).toMatchObject({ outcome: 'succeeded', attempts: 2, reclaims: 1 });
    expect(batch.submissions).toHaveLength(2);
    expect(await store.get(keys.job('run', 'stage-1/seed-0').handover(1))).toBeDefined();
  });

  it('damaged notices and handovers cost the head start and nothing else', async () => {
    const { batch, launch, announce, store, jobId } = await setUp();
    const result = launch();
    await until(() => batch.submissions.length === 1);
    const damaged = new TextEncoder().encode('{"next":');
    await store.put(keys.job('run', jobId).handover(1), damaged);
    await store.put(keys.notice('run', jobId, 1), damaged);
    await announce(2, 'job-1');
    await until(() => batch.submissions.length === 2);
    await store.put(keys.job('run', jobId).handover(2), damaged);
    batch.set('job-2', { status: 'FAILED', attempts: [attempt(EXIT_CODES.replaced)] });
    batch.set('job-1', { status: 'FAILED', attempts: [attempt(EXIT_CODES.preempted)] });
    const { report, relaunch } = await result;
    expect(report).toMatchObject({ outcome: 'preempted', attempts: 2, reclaims: 2 });
    expect(relaunch?.afterSeconds).toBeGreaterThan(0);
  });

  it('a cancelled run ends both', async () => {
    const { batch, launch, announce } = await setUp();
    const environment = newEnvironment();
    const result = launch(environment);
    await until(() => batch.submissions.length === 1);
    await announce(1, 'job-1');
    await until(() => batch.submissions.length === 2);
    environment.cancel('CANCELLED');
    await expect(result).rejects.toThrow(CancelledFailure);
    expect(batch.running()).toEqual([]);
  });
});
