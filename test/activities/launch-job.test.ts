import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import type { BatchAttempt, BatchJobs } from '../../activities/batch-jobs.ts';
import type { LaunchInput, LaunchResult, LaunchTally } from '../../activities/contract.ts';
import { createProtocolActivities } from '../../activities/protocol-activities.ts';
import { batchJobName } from '../../activities/submit-launch.ts';
import type { JobDocument } from '../../nas/protocol/job.ts';
import { searchJobs } from '../../nas/protocol/plan.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { setCheckpointsAside } from '../../store/set-aside.ts';
import { DEPLOYMENT, launchDependencies } from '../support/launch-dependencies.ts';
import { createSimulatedBatch } from '../support/simulated-batch.ts';
import type { SimulatedLaunch } from '../support/simulated-batch.ts';

/** Failed activities are what is tested here; by default each would be logged. */
const newEnvironment = (info: ConstructorParameters<typeof MockActivityEnvironment>[0] = {}) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });

const NONE: LaunchTally = { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 };
const EXITED = 'Essential container in task exited';
const reclaimed: BatchAttempt = {
  statusReason: 'Host EC2 (instance i-0) terminated.',
  startedAt: 0,
  stoppedAt: 2000,
};
const exited = (exitCode: number): BatchAttempt => ({
  exitCode,
  statusReason: EXITED,
  startedAt: 0,
  stoppedAt: 1000,
});

const setUp = async (script?: (document: JobDocument, launch: number) => SimulatedLaunch | undefined) => {
  const store = createMemoryObjectStore();
  const record = runRecordForTests('run', { resources: { spotDollarsPerHour: 3600 } });
  await createDocument(store, keys.experiment('run'), record);
  const batch = createSimulatedBatch(store, { milliseconds: 5, ...(script === undefined ? {} : { script }) });
  const { launchJob } = createProtocolActivities(launchDependencies(store, batch));
  const job = searchJobs(record.experiment)[0] as LaunchInput['job'];
  const input: LaunchInput = { run: record, job, earlier: NONE };
  const launch = (environment = newEnvironment(), change: Partial<LaunchInput> = {}) =>
    environment.run(launchJob, { ...input, ...change }) as Promise<LaunchResult>;
  return { store, batch, record, job, launch };
};

describe('launchJob', () => {
  it('writes the document, submits once, heartbeats the Batch id and reports the result', async () => {
    const { store, batch, job, launch } = await setUp(() => ({
      end: 'succeed',
      attempts: [reclaimed, exited(0)],
    }));
    const environment = newEnvironment();
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    const { report, relaunch } = await launch(environment);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 2, reclaims: 1, seconds: 3, dollars: 3 });
    expect(report.result?.scoredOn).toBe('validation');
    expect(relaunch).toBeUndefined();
    expect(beats[0]).toEqual({ batchJobId: 'job-1' });
    expect(batch.submissions).toHaveLength(1);
    expect(batch.submissions[0]).toMatchObject({
      queue: 'queue',
      job: store.uri(keys.job('run', job.jobId).document),
      attempts: 10,
      jobDefinition: 'trainer',
      tags: { 'nas-run': 'run', 'nas-job': 'stage-1/seed-0', 'nas-deployment': DEPLOYMENT },
    });
  });

  it('submits with the revision that the record of the run names, whatever the worker is configured with', async () => {
    const { store, batch, record, job, launch } = await setUp();
    const kept = {
      ...record,
      runId: 'kept',
      code: { jobDefinition: 'trainer:3', workers: ['a-build'] },
    };
    await createDocument(store, keys.experiment('kept'), kept);
    await launch(undefined, { run: kept, job });
    expect(batch.submissions.map(({ jobDefinition }) => jobDefinition)).toEqual(['trainer:3']);
    // A person has had one of its jobs begin anew.
    const other = searchJobs(record.experiment)[1] as LaunchInput['job'];
    const decision = { at: '2026-01-01T00:00:00.000Z', by: 'somebody@host', jobDefinition: 'trainer:4' };
    await setCheckpointsAside(store, { runId: 'kept', jobId: other.jobId }, decision);
    await launch(undefined, { run: kept, job: other });
    expect(batch.submissions.map(({ jobDefinition }) => jobDefinition)).toEqual(['trainer:3', 'trainer:4']);
  });

  it('adopts the job of a worker that died between submitting and recording', async () => {
    const { batch, launch, record, job } = await setUp();
    const dead = newEnvironment();
    const first = launch(dead);
    dead.cancel('WORKER_SHUTDOWN');
    await expect(first).rejects.toThrow('shutting down');
    expect(batch.terminated).toEqual([]);
    const { report } = await launch();
    expect(report.outcome).toBe('succeeded');
    expect(batch.submissions.map((submission) => submission.name)).toEqual([
      batchJobName(record, job.jobId, { launch: 1 }),
    ]);
  });

  it('goes on with the job of its heartbeat without looking anything up', async () => {
    const { batch, launch } = await setUp(() => ({ end: 'succeed' }));
    await launch();
    const { report } = await launch(newEnvironment({ heartbeatDetails: { batchJobId: 'job-1' } }));
    expect(report.outcome).toBe('succeeded');
    expect(batch.submissions).toHaveLength(1);
  });

  it('ends duplicates and keeps the oldest', async () => {
    const { batch, record, job, launch } = await setUp(() => ({ end: 'hang' }));
    const environment = newEnvironment();
    const first = launch(environment);
    environment.cancel('WORKER_SHUTDOWN');
    await expect(first).rejects.toThrow();
    const [submission] = batch.submissions;
    if (submission === undefined) throw new Error('nothing was submitted');
    await batch.submit(submission);
    const again = newEnvironment();
    const second = launch(again);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batch.terminated.map(({ id }) => id)).toEqual(['job-2']);
    expect(batch.running()).toEqual(['job-1']);
    again.cancel('CANCELLED');
    await expect(second).rejects.toThrow(CancelledFailure);
    expect(batch.running()).toEqual([]);
    expect(batchJobName(record, job.jobId, { launch: 2 })).not.toBe(submission.name);
  });

  it('ends a job that Batch does not show before another takes its place, whatever Batch answers', async () => {
    const { store, batch, record, job } = await setUp(() => ({ end: 'hang' }));
    const forgetful = { ...batch, describe: async () => [] };
    const launchWith = (jobs: BatchJobs): Promise<LaunchResult> => {
      const { launchJob } = createProtocolActivities(launchDependencies(store, jobs));
      return newEnvironment().run(launchJob, { run: record, job, earlier: NONE }) as Promise<LaunchResult>;
    };
    const first = await launchWith(forgetful);
    expect(first.report).toMatchObject({ outcome: 'lost', error: 'Batch does not know the job any more' });
    expect(first.relaunch).toBeDefined();
    expect(batch.running()).toEqual([]);
    const terminate = () => Promise.reject(new Error('not authorized'));
    expect((await launchWith({ ...forgetful, terminate })).report.outcome).toBe('lost');
  });

  it('launches nothing when the result is there already', async () => {
    const { store, batch, job, launch } = await setUp();
    const { job: reportJob } = (await launch()).report;
    expect(reportJob).toEqual(job);
    const other = await setUp();
    const stored = await store.get(keys.job('run', job.jobId).result);
    await other.store.put(keys.job('run', job.jobId).result, stored?.body ?? new Uint8Array());
    const { report } = await other.launch();
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 0 });
    expect(other.batch.submissions).toEqual([]);
    expect(batch.submissions).toHaveLength(1);
  });

  it('does not take a clean exit for success when there is no result', async () => {
    const { launch } = await setUp(() => ({ end: 'fail', attempts: [exited(0)] }));
    const { report, relaunch } = await launch();
    expect(report).toMatchObject({ outcome: 'lost' });
    expect(relaunch?.afterSeconds).toBeGreaterThan(0);
  });

  it('reports last words of the newest attempt, and sums up launches', async () => {
    const { store, launch, job } = await setUp(() => ({ end: 'fail', attempts: [reclaimed, exited(66)] }));
    const attempt = (epoch: number, error: string) =>
      createDocument(store, keys.job('run', job.jobId).attempt(epoch), {
        jobId: job.jobId,
        epoch,
        batchJobId: 'job-1',
        batchAttempt: epoch,
        host: 'h',
        startedAt: '2026-01-01T00:00:00Z',
        fromStep: 0,
        outcome: epoch === 1 ? 'preempted' : 'diverged',
        error,
      });
    await attempt(1, 'reclaimed');
    await attempt(2, 'loss is NaN at step 7');
    const { report, relaunch, tally } = await launch(undefined, {
      earlier: { outcomes: ['lost'], attempts: 3, reclaims: 1, seconds: 10 },
    });
    expect(report).toMatchObject({ outcome: 'diverged', attempts: 5, reclaims: 2, seconds: 13 });
    expect(report.error).toContain('loss is NaN at step 7');
    expect(relaunch).toBeUndefined();
    expect(tally.outcomes).toEqual(['lost', 'diverged']);
  });

  it('counts what a job cost before it was paused or put back by hand', async () => {
    const { store, batch, job, launch } = await setUp((_, n) => ({
      end: n === 1 ? 'fail' : 'succeed',
      attempts: n === 1 ? [reclaimed, exited(75)] : [exited(0)],
    }));
    await launch();
    await createDocument(store, keys.job('run', job.jobId).attempt(1), {
      jobId: job.jobId,
      epoch: 1,
      batchJobId: 'job-1',
      batchAttempt: 1,
      host: 'h',
      startedAt: '2026-01-01T00:00:00Z',
      fromStep: 0,
    });
    const { report, relaunch } = await launch(undefined, { round: 'r0-1' });
    expect(batch.submissions).toHaveLength(2);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 3, reclaims: 2, seconds: 4 });
    expect(relaunch).toBeUndefined();
  });

  it('refuses a job document of another experiment under the same name', async () => {
    const { store, job, launch } = await setUp();
    await store.put(keys.job('run', job.jobId).document, new TextEncoder().encode('{}'));
    await expect(launch()).rejects.toMatchObject({
      nonRetryable: true,
      message: expect.stringContaining(job.jobId),
    });
  });

  it('refuses a run whose record belongs to another experiment', async () => {
    const { record, launch } = await setUp();
    const run = { ...record, experimentHash: 'f'.repeat(64) };
    await expect(launch(undefined, { run })).rejects.toMatchObject({ nonRetryable: true, type: 'WrongRun' });
  });
});

describe('batchJobName', () => {
  const run = { runId: 'r'.repeat(64), experimentHash: 'a'.repeat(64) };
  it('fits into what Batch allows and differs by run, job, launch, experiment and deployment', () => {
    const names = [
      batchJobName(run, 'stage-3/baseline/cell-01234567', { launch: 1 }),
      batchJobName(run, 'stage-3/baseline/cell-01234567', { launch: 1000 }),
      batchJobName(run, 'stage-3/baseline/cell-01234568', { launch: 1 }),
      batchJobName({ ...run, experimentHash: 'b'.repeat(64) }, 'stage-3/baseline/cell-01234567', {
        launch: 1,
      }),
      batchJobName({ ...run, runId: 'r'.repeat(63) }, 'stage-3/baseline/cell-01234567', { launch: 1 }),
      batchJobName({ ...run, deployment: DEPLOYMENT }, 'stage-3/baseline/cell-01234567', { launch: 1 }),
      batchJobName({ ...run, deployment: `${DEPLOYMENT}2` }, 'stage-3/baseline/cell-01234567', { launch: 1 }),
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9][\w-]{0,127}$/);
  });
});
