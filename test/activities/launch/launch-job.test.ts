import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { jobProgressSchema } from '../../../nas/job/progress.ts';
import { attemptRecordSchema } from '../../../nas/job/attempt-record.ts';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { BatchJobs } from '../../../activities/batch/batch-jobs.ts';
import { troubleOf } from '../../../activities/launch/await-launch.ts';
import type { LaunchHeartbeat } from '../../../activities/launch/await-launch.ts';
import type { LaunchInput, LaunchResult } from '../../../activities/contract.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import { SubmissionRefusedError } from '../../../activities/failures.ts';
import { batchJobName, batchNameBeginning } from '../../../activities/launch/submit-launch.ts';
import type { JobDocument } from '../../../nas/job/job-document.ts';
import { searchJobs } from '../../../nas/protocol/plan.ts';
import { crashRecordSchema } from '../../../nas/job/crash.ts';
import { createDocument, readDocument, replaceDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { CorruptDocumentError } from '../../../store/sealed-document.ts';
import type { StageNews } from '../../../workflows/contract.ts';
import { runRecordForTests } from '../../support/run-record.ts';
import { setCheckpointsAside } from '../../../store/set-aside.ts';
import { DEPLOYMENT, launchDependencies } from '../../support/launch-dependencies.ts';
import { NO_LAUNCH, RECLAIMED, exited } from '../../support/launches.ts';
import { createSimulatedBatch } from '../../support/simulated-batch.ts';
import type { SimulatedLaunch } from '../../support/simulated-batch.ts';

/** Failed activities are what is tested here; by default each would be logged. */
const newEnvironment = (info: ConstructorParameters<typeof MockActivityEnvironment>[0] = {}) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });

const setUp = async (script?: (document: JobDocument, launch: number) => SimulatedLaunch | undefined) => {
  const store = createMemoryObjectStore();
  const record = runRecordForTests('run', { resources: { spotDollarsPerHour: 3600 } });
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  const batch = createSimulatedBatch(store, { milliseconds: 5, ...(script === undefined ? {} : { script }) });
  const { launchJob } = createProtocolActivities(launchDependencies(store, batch));
  const job = searchJobs(record.experiment)[0] as LaunchInput['job'];
  const input: LaunchInput = { run: record, job, earlier: NO_LAUNCH };
  const launch = (environment = newEnvironment(), change: Partial<LaunchInput> = {}) =>
    environment.run(launchJob, { ...input, ...change }) as Promise<LaunchResult>;
  return { store, batch, record, job, launch };
};

describe('launchJob', () => {
  it('tells why Batch does not start the job, each reason once, and that it has started it', async () => {
    const store = createMemoryObjectStore();
    const record = runRecordForTests('run');
    await createDocument(store, keys.experiment('run'), runRecordSchema, record);
    const batch = createSimulatedBatch(store, { script: () => ({ end: 'hang' }) });
    const told: StageNews[] = [];
    const tell = async (_runId: string, news: StageNews): Promise<void> => {
      told.push(news);
      // The run may have ended: nothing depends on what is shown.
      throw new Error('nobody listens');
    };
    const { launchJob } = createProtocolActivities({ ...launchDependencies(store, batch), tell });
    const job = searchJobs(record.experiment)[0] as LaunchInput['job'];
    const launched = newEnvironment().run(launchJob, { run: record, job, earlier: NO_LAUNCH });
    const seen = async (change: Parameters<typeof batch.set>[1], count: number): Promise<void> => {
      batch.set('job-1', change);
      await vi.waitFor(() => expect(told).toHaveLength(count));
    };
    await vi.waitFor(() => expect(batch.submissions).toHaveLength(1));
    await seen({ status: 'RUNNABLE', statusReason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' }, 1);
    await seen({ status: 'RUNNABLE', statusReason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY' }, 2);
    await seen({ status: 'RUNNING', statusReason: undefined }, 3);
    batch.set('job-1', { status: 'FAILED', statusReason: 'Terminated' });
    await launched;
    expect(told).toEqual([
      {
        kind: 'waits',
        jobId: job.jobId,
        reason: expect.stringMatching(/^MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT/),
      },
      {
        kind: 'waits',
        jobId: job.jobId,
        reason: expect.stringMatching(/^CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY/),
      },
      { kind: 'waits', jobId: job.jobId },
    ]);
  });

  it('writes the document, submits once, heartbeats the Batch id and reports the result', async () => {
    const { store, batch, job, launch } = await setUp(() => ({
      end: 'succeed',
      attempts: [RECLAIMED, exited(0)],
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
    await createDocument(store, keys.experiment('kept'), runRecordSchema, kept);
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
      return newEnvironment().run(launchJob, {
        run: record,
        job,
        earlier: NO_LAUNCH,
      }) as Promise<LaunchResult>;
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
    const { store, launch, job } = await setUp(() => ({ end: 'fail', attempts: [RECLAIMED, exited(66)] }));
    const attempt = (epoch: number, error: string) =>
      createDocument(store, keys.job('run', job.jobId).attempt(epoch), attemptRecordSchema, {
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

  const leave = async (
    { store, job }: Awaited<ReturnType<typeof setUp>>,
    epoch: number,
    batchJobId: string,
    operation: string,
  ) => {
    const key = keys.job('run', job.jobId);
    await createDocument(store, key.attempt(epoch), attemptRecordSchema, {
      jobId: job.jobId,
      epoch,
      batchJobId,
      batchAttempt: 1,
      host: 'ip-10-0-0-1',
      startedAt: '2026-01-01T00:00:00Z',
      fromStep: 0,
      software: { tensorflow: '2.21.0', cpu: 'Xeon, AVX512_CORE', ONEDNN_MAX_CPU_ISA: 'AVX2' },
    });
    await replaceDocument(store, key.progress, jobProgressSchema, {
      jobId: job.jobId,
      epoch,
      batchJobId,
      batchAttempt: 1,
      phase: 'training',
      program: 'weight-sharing-search',
      operation,
      step: 17,
      totalSteps: 400,
      checkpointStep: 10,
      checkpoints: 1,
      stepsPerSecond: 2,
      updatedAt: '2026-01-01T00:00:09Z',
    });
  };

  it.each([
    [139, 'SIGSEGV'],
    [134, 'SIGABRT'],
    [132, 'SIGILL'],
    [135, 'SIGBUS'],
  ])('exit code %i: says what crashed, on what, and how to report it', async (exitCode, signal) => {
    const kit = await setUp(() => ({ end: 'fail', attempts: [RECLAIMED, exited(exitCode)] }));
    await leave(kit, 2, 'job-1', 'train (graph 1)');
    const { report, relaunch, tally } = await kit.launch();
    expect(report).toMatchObject({ outcome: 'crashed', attempts: 2, reclaims: 1 });
    for (const part of [
      `${signal} in weight-sharing-search: train (graph 1), step 17 of 400, on ip-10-0-0-1`,
      'tensorflow 2.21.0',
      'cpu Xeon, AVX512_CORE',
      'ONEDNN_MAX_CPU_ISA AVX2',
      'nas logs run stage-1/seed-0',
      '/runs/run/jobs/stage-1/seed-0/crashes/000002.json',
    ])
      expect(report.error).toContain(part);
    expect(relaunch).toBeDefined();
    expect(tally).toMatchObject({
      outcomes: ['crashed'],
      reclaims: 1,
      crashes: ['weight-sharing-search: train (graph 1)'],
    });
    const record = await readDocument(kit.store, keys.job('run', kit.job.jobId).crash(2), crashRecordSchema);
    expect(record).toMatchObject({ signal, exitCode, epoch: 2, operation: 'train (graph 1)', step: 17 });
  });

  it('ends a job that crashes in one operation again and again, and goes on where it crashes elsewhere', async () => {
    const kit = await setUp(() => ({ end: 'fail', attempts: [exited(139)] }));
    const places: string[] = [];
    const launches = async (operations: readonly string[]) => {
      let earlier = NO_LAUNCH;
      for (const [i, operation] of operations.entries()) {
        const id = `job-${kit.batch.submissions.length + 1}`;
        places.push(id);
        await leave(kit, places.length, id, operation);
        const { tally, relaunch } = await kit.launch(undefined, { earlier, round: `r${places.length - i}` });
        if (relaunch === undefined) return i + 1;
        earlier = tally;
      }
      return 0;
    };
    expect(await launches(['train', 'train', 'train', 'train'])).toBe(3);
    expect(await launches(['a', 'b', 'c', 'd', 'e', 'f'])).toBe(5);
  });

  it('does not take the progress of an earlier attempt for that of the one that crashed', async () => {
    const kit = await setUp(() => ({ end: 'fail', attempts: [exited(139)] }));
    await leave(kit, 1, 'job-0', 'evaluate (graph 2)');
    const { report } = await kit.launch();
    expect(report.outcome).toBe('crashed');
    expect(report.error).toContain('SIGSEGV before the program began');
    expect(report.error).toContain('nas logs run stage-1/seed-0');
  });

  it('counts what a job cost before it was paused or put back by hand', async () => {
    const { store, batch, job, launch } = await setUp((_, n) => ({
      end: n === 1 ? 'fail' : 'succeed',
      attempts: n === 1 ? [RECLAIMED, exited(75)] : [exited(0)],
    }));
    await launch();
    await createDocument(store, keys.job('run', job.jobId).attempt(1), attemptRecordSchema, {
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
    const other = { runId: 'run', jobId: job.jobId, experimentHash: 'f'.repeat(64) };
    await createDocument(store, keys.job('run', job.jobId).document, z.unknown(), other);
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

describe('a launch that is watched badly, or given up', () => {
  const denied = Object.assign(new Error('User is not authorized to perform: batch:DescribeJobs'), {
    name: 'AccessDeniedException',
  });

  it('is no verdict: the job goes on, and its result counts', async () => {
    const { store, batch, record, job } = await setUp();
    let refusals = 40;
    const describe = async (ids: readonly string[]) => {
      if (refusals-- > 0) throw denied;
      return batch.describe(ids);
    };
    const { launchJob } = createProtocolActivities(launchDependencies(store, { ...batch, describe }));
    const environment = newEnvironment();
    const { report } = (await environment.run(launchJob, {
      run: record,
      job,
      earlier: NO_LAUNCH,
    })) as LaunchResult;
    expect(refusals).toBeLessThan(0);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 1 });
    expect(batch.terminated).toEqual([]);
  });

  it.each(['find', 'describe'] as const)('is tried again when %s is denied for good', async (call) => {
    const { store, batch, record, job } = await setUp();
    const jobs = { ...batch, [call]: () => Promise.reject(denied) };
    const { launchJob } = createProtocolActivities(launchDependencies(store, jobs));
    const environment = newEnvironment();
    const launched = environment.run(launchJob, {
      run: record,
      job,
      earlier: NO_LAUNCH,
    }) as Promise<LaunchResult>;
    if (call === 'describe') setTimeout(() => environment.cancel('WORKER_SHUTDOWN'), 50);
    await expect(launched).rejects.not.toMatchObject({ nonRetryable: true });
    expect(batch.terminated).toEqual([]);
  });

  it('is given up at once when AWS refuses to submit', async () => {
    const { store, batch, record, job } = await setUp();
    const submit = () => Promise.reject(new SubmissionRefusedError('JobQueue nowhere does not exist'));
    const { launchJob } = createProtocolActivities(launchDependencies(store, { ...batch, submit }));
    await expect(
      newEnvironment().run(launchJob, { run: record, job, earlier: NO_LAUNCH }),
    ).rejects.toMatchObject({
      nonRetryable: true,
      message: 'JobQueue nowhere does not exist',
    });
  });

  it('ends its job when it is given up for good', async () => {
    const { store, batch, record, job } = await setUp(() => ({ end: 'hang' }));
    const deps = launchDependencies(store, batch);
    const heard = () => Promise.reject(new CorruptDocumentError('notices: not a document'));
    const { launchJob } = createProtocolActivities({ ...deps, notices: { ...deps.notices, heard } });
    await expect(
      newEnvironment().run(launchJob, { run: record, job, earlier: NO_LAUNCH }),
    ).rejects.toMatchObject({
      nonRetryable: true,
    });
    expect(batch.running()).toEqual([]);
    expect(batch.terminated).toEqual([
      { id: 'job-1', reason: expect.stringContaining('its launch was given up') as string },
    ]);
  });

  it('asks for the end of a cancelled job until Batch takes it', async () => {
    const { store, batch, record, job } = await setUp(() => ({ end: 'hang' }));
    let refusals = 2;
    const terminate = async (id: string, reason: string) => {
      if (refusals-- > 0) throw new Error('not authorized to perform: batch:TerminateJob');
      await batch.terminate(id, reason);
    };
    const { launchJob } = createProtocolActivities(launchDependencies(store, { ...batch, terminate }));
    const environment = newEnvironment();
    const launched = environment.run(launchJob, { run: record, job, earlier: NO_LAUNCH });
    await expect.poll(() => batch.running()).toEqual(['job-1']);
    environment.cancel('CANCELLED');
    await expect(launched).rejects.toThrow(CancelledFailure);
    expect(batch.running()).toEqual([]);
    expect(refusals).toBe(-1);
  });

  it('says why its job does not start', async () => {
    const { store, batch, record, job } = await setUp(() => ({ end: 'hang' }));
    const { launchJob } = createProtocolActivities(launchDependencies(store, batch));
    const environment = newEnvironment();
    const beats: LaunchHeartbeat[] = [];
    environment.on('heartbeat', (details: LaunchHeartbeat) => beats.push(details));
    const launched = environment.run(launchJob, { run: record, job, earlier: NO_LAUNCH });
    await expect.poll(() => batch.running()).toEqual(['job-1']);
    const statusReason = 'UNDETERMINED - Batch job is blocked, root cause is undetermined.';
    batch.set('job-1', { status: 'RUNNABLE', statusReason });
    await expect.poll(() => beats.at(-1)?.waits?.reason, { timeout: 10_000 }).toContain(statusReason);
    batch.set('job-1', { status: 'RUNNING', statusReason: undefined });
    await expect.poll(() => beats.at(-1)?.waits, { timeout: 10_000 }).toBeUndefined();
    environment.cancel('CANCELLED');
    await expect(launched).rejects.toThrow(CancelledFailure);
  });

  it('tells of a silence of Batch once it lasts', () => {
    const trouble = (ago: number) =>
      troubleOf({ trouble: () => ({ since: Date.now() - ago, error: 'denied' }) });
    expect(trouble(78_000)?.reason).toBe('Batch does not tell what became of the job, which goes on: denied');
    expect(trouble(1_000)).toBeUndefined();
    expect(troubleOf({ trouble: () => undefined })).toBeUndefined();
  });
});

describe('endLaunches', () => {
  it('ends what a worker that is gone has left, and nobody else', async () => {
    const { store, batch, record, job } = await setUp(() => ({ end: 'hang' }));
    const gone = newEnvironment();
    const { launchJob, endLaunches } = createProtocolActivities(launchDependencies(store, batch));
    const launched = gone.run(launchJob, { run: record, job, earlier: NO_LAUNCH });
    await expect.poll(() => batch.running()).toEqual(['job-1']);
    gone.cancel('WORKER_SHUTDOWN');
    await expect(launched).rejects.toThrow();
    // The same names in the same queue, but the documents of another deployment or job.
    const strangers = [
      { id: 'of-another-bucket', job: `s3://other/${keys.job('run', job.jobId).document}` },
      { id: 'of-another-job', job: store.uri(keys.job('run', `${job.jobId}0`).document) },
    ];
    const unfinished: BatchJobs['unfinished'] = async (queue, beginning) => [
      ...(await batch.unfinished(queue, beginning)),
      ...strangers,
    ];
    const strict = createProtocolActivities(launchDependencies(store, { ...batch, unfinished }));
    const end = (activity: typeof endLaunches) =>
      newEnvironment().run(activity, { run: record, jobId: job.jobId }) as Promise<number>;
    expect(await end(strict.endLaunches)).toBe(1);
    expect(batch.terminated.map(({ id }) => id)).toEqual(['job-1']);
    expect(await end(endLaunches)).toBe(0);
  });
});

describe('batchJobName', () => {
  it('begins as all names of a job do', () => {
    const run = { runId: 'r'.repeat(64), experimentHash: 'a'.repeat(64) };
    for (const jobId of ['stage-1/seed-0', 'stage-3/baseline/cell-01234567/seed-10'])
      for (const round of [undefined, 'r12-34'])
        expect(batchJobName(run, jobId, { launch: 1000, round, replaces: 999_999 })).toMatch(
          new RegExp(`^${batchNameBeginning(run.runId, jobId)}`),
        );
  });

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
