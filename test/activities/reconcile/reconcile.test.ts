import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import type { LiveRuns } from '../../../activities/reconcile/live-runs.ts';
import { reconcile } from '../../../activities/reconcile/reconcile.ts';
import type { UnfinishedJob, UnfinishedJobs } from '../../../activities/reconcile/unfinished-jobs.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { acquireLease, currentLease } from '../../../store/leases.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore, PendingUpload } from '../../../store/object-store.ts';
import { DEPLOYMENT } from '../../support/launch-dependencies.ts';
import { runRecordForTests } from '../../support/run-record.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

/** What Temporal would say: open workflows by id, with the Batch job that each waits for. */
let open: Map<string, string | undefined>;
let store: ObjectStore;
let jobs: UnfinishedJob[];
let skipped: UnfinishedJobs['skipped'];
let terminated: string[];
let uploads: PendingUpload[];

const live: LiveRuns = {
  isOpen: async (runId) => open.has(runId),
  job: async (runId, jobId) => {
    const id = `${runId}/${jobId}`;
    const batchJobId = open.get(id);
    return { open: open.has(id), ...(batchJobId === undefined ? {} : { batchJobIds: [batchJobId] }) };
  },
  queues: async () => [],
};

const job = (batchJobId: string, runId: string, change: Partial<UnfinishedJob> = {}): UnfinishedJob => ({
  batchJobId,
  status: 'RUNNING',
  runId,
  jobId: 'stage-1/seed-0',
  deployment: DEPLOYMENT,
  createdAt: NOW - HOUR,
  seconds: 1800,
  ...change,
});
const run = (dryRun = false) =>
  reconcile(
    {
      store: {
        ...store,
        async *listUploads() {
          yield* uploads;
        },
        abortUpload: async ({ uploadId }) => void (uploads = uploads.filter((u) => u.uploadId !== uploadId)),
      },
      live,
      deployment: DEPLOYMENT,
      unfinished: async () => ({ jobs, skipped }),
      terminate: async (id) => void terminated.push(id),
    },
    { now: NOW, dryRun },
  );

beforeEach(async () => {
  store = createMemoryObjectStore();
  open = new Map<string, string | undefined>([
    ['alive', undefined],
    ['alive/stage-1/seed-0', 'b-1'],
  ]);
  jobs = [];
  skipped = [];
  terminated = [];
  uploads = [];
  await createDocument(store, keys.experiment('gone'), runRecordSchema, {
    ...runRecordForTests('gone', { resources: { spotDollarsPerHour: 2 } }),
    deployment: DEPLOYMENT,
  });
});

describe('trials of a search', () => {
  it('live while their search is under way and they have no result', async () => {
    const trial = (batchJobId: string, runId: string, number: number) =>
      job(batchJobId, runId, { jobId: `stage-1/seed-0/trial-00000${number}` });
    jobs = [trial('b-2', 'alive', 1), trial('b-3', 'alive', 2), trial('b-4', 'gone', 1)];
    const result = (number: number): string =>
      keys.job('alive', `stage-1/seed-0/trial-00000${number}`).result;
    // A damaged result is being made again.
    await createDocument(store, result(1), z.unknown(), {});
    await createDocument(store, result(2), programResultSchema, {
      kind: 'train',
      genotype: 'g',
      evaluatedOn: 'validation',
      accuracy: 0.5,
      loss: 1,
      curve: [],
      parameters: 1,
      multiplyAdds: 1,
      cost: { multiplyAdds: 1, images: 1 },
      weightsSha256: '0'.repeat(64),
    });
    const report = await run();
    expect(report.jobs.map(({ state }) => state)).toEqual(['live', 'orphan', 'orphan']);
    expect(terminated).toEqual(['b-3', 'b-4']);
  });
});

describe('Batch jobs', () => {
  it.each([
    ['that a launch waits for', job('b-1', 'alive'), 'live'],
    ['that a launch does not wait for: a duplicate', job('b-2', 'alive'), 'orphan'],
    ['of a run that is over', job('b-3', 'gone'), 'orphan'],
    ['submitted a moment ago', job('b-4', 'gone', { createdAt: NOW - 5_000 }), 'new'],
  ])('%s', async (_, found, state) => {
    jobs = [found];
    const report = await run();
    expect(report.jobs).toMatchObject([{ batchJobId: found.batchJobId, state }]);
    expect(terminated).toEqual(state === 'orphan' ? [found.batchJobId] : []);
  });

  it('are left alone while their launch has not said which one it waits for', async () => {
    open.set('alive/stage-1/seed-0', undefined);
    jobs = [job('b-1', 'alive')];
    expect((await run()).jobs[0]?.state).toBe('new');
    expect(terminated).toEqual([]);
  });

  it('that are orphans have a price', async () => {
    jobs = [job('b-3', 'gone'), job('b-5', 'gone', { jobId: 'stage-1/seed-1', seconds: 900 })];
    expect((await run()).orphaned).toEqual({ jobs: 2, seconds: 2700, dollars: 1.5 });
  });
});

describe('leases', () => {
  const hold = (runId: string) =>
    acquireLease(store, { runId, jobId: 'stage-1/seed-0', holder: 'a machine' });

  it('of a run that is over are taken over, once: whoever held them cannot write any more', async () => {
    await hold('gone');
    expect((await run()).leases).toMatchObject([{ state: 'orphan', epoch: 1 }]);
    expect(await currentLease(store, { runId: 'gone', jobId: 'stage-1/seed-0' })).toMatchObject({ epoch: 2 });
    expect((await run()).leases).toMatchObject([{ state: 'done', epoch: 2 }]);
  });

  it('of a process outside Batch are left alone while it reports progress', async () => {
    const clocked = (at: number) => createMemoryObjectStore({ now: () => at });
    for (const [silent, state] of [
      [60_000, 'live'],
      [HOUR, 'orphan'],
    ] as const) {
      store = clocked(NOW - silent);
      await acquireLease(store, { runId: 'verify-a', jobId: 'killed', holder: 'local#1@host/17' });
      expect((await run(true)).leases).toMatchObject([{ state, epoch: 1 }]);
    }
  });

  it('of jobs under way, waiting in an open run, or with a result are left alone', async () => {
    await hold('alive');
    await acquireLease(store, { runId: 'alive', jobId: 'stage-1/seed-1', holder: 'stopped by a pause' });
    await hold('gone');
    await createDocument(store, keys.job('gone', 'stage-1/seed-0').result, z.unknown(), { some: 'result' });
    const report = await run();
    expect(report.leases.map(({ state }) => state)).toEqual(['live', 'live', 'done']);
    expect(report.ended.leases).toBe(0);
  });
});

describe('uploads in parts', () => {
  it('are aborted when their run is over or they are old', async () => {
    uploads = [
      { key: 'runs/alive/jobs/j/chunks/1', uploadId: 'live', startedAt: NOW - 1000 },
      { key: 'runs/gone/jobs/j/chunks/1', uploadId: 'gone', startedAt: NOW - 1000 },
      { key: 'blobs/sha256/aa/a', uploadId: 'new', startedAt: NOW - 1000 },
      { key: 'runs/alive/jobs/j/chunks/2', uploadId: 'old', startedAt: NOW - 2 * HOUR },
    ];
    expect((await run()).ended.uploads).toBe(2);
    expect(uploads.map(({ uploadId }) => uploadId)).toEqual(['live', 'new']);
  });
});

describe('a dry run', () => {
  it('says what it would end, and ends nothing', async () => {
    jobs = [job('b-3', 'gone')];
    uploads = [{ key: 'runs/gone/x', uploadId: 'u', startedAt: NOW - 1000 }];
    await acquireLease(store, { runId: 'gone', jobId: 'stage-1/seed-0', holder: 'a machine' });
    expect((await run(true)).ended).toEqual({ jobs: 1, leases: 1, uploads: 1 });
    expect(terminated).toEqual([]);
    expect(uploads).toHaveLength(1);
    expect(await currentLease(store, { runId: 'gone', jobId: 'stage-1/seed-0' })).toMatchObject({ epoch: 1 });
  });
});

describe('another deployment', () => {
  const OTHER = DEPLOYMENT.replace(/1$/, '2');
  beforeEach(async () => {
    await createDocument(store, keys.experiment('theirs'), runRecordSchema, {
      ...runRecordForTests('theirs'),
      deployment: OTHER,
    });
    await createDocument(store, keys.experiment('old'), runRecordSchema, runRecordForTests('old'));
  });

  it('keeps its jobs, whatever this Temporal knows of their runs', async () => {
    jobs = [
      job('b-1', 'theirs', { deployment: OTHER }),
      // Of the same names: a run of ours that is over, and a duplicate of a job that one of ours waits for.
      job('b-2', 'gone', { deployment: OTHER }),
      job('b-3', 'alive', { deployment: OTHER }),
    ];
    const report = await run();
    expect(report.jobs.map(({ state }) => state)).toEqual(['foreign', 'foreign', 'foreign']);
    expect(report.jobs[0]?.proof).toContain(OTHER);
    expect(terminated).toEqual([]);
    expect(report).toMatchObject({ deployment: DEPLOYMENT, ended: { jobs: 0 }, orphaned: { jobs: 0 } });
  });

  it('may have submitted a job without the tag: it is ended by no reconciliation, and named', async () => {
    const untagged = (id: string, runId: string): UnfinishedJob => {
      const { deployment: _, ...rest } = job(id, runId);
      return rest;
    };
    jobs = [untagged('b-1', 'alive'), untagged('b-2', 'gone')];
    const report = await run();
    expect(report.jobs.map(({ state }) => state)).toEqual(['live', 'foreign']);
    expect(report.jobs[1]?.proof).toContain('nas-deployment');
    expect(terminated).toEqual([]);
  });

  it('keeps its leases and uploads in a bucket that both use', async () => {
    const held = async (runId: string) => {
      await acquireLease(store, { runId, jobId: 'stage-1/seed-0', holder: 'a machine' });
      uploads.push({ key: `runs/${runId}/jobs/j/chunks/1`, uploadId: runId, startedAt: NOW - 2 * HOUR });
    };
    for (const runId of ['theirs', 'old', 'gone']) await held(runId);
    const report = await run();
    const states = (list: readonly { readonly state: string }[]) => list.map(({ state }) => state).sort();
    expect(states(report.leases)).toEqual(['foreign', 'foreign', 'orphan']);
    expect(states(report.uploads)).toEqual(['foreign', 'foreign', 'orphan']);
    expect(await currentLease(store, { runId: 'theirs', jobId: 'stage-1/seed-0' })).toMatchObject({
      epoch: 1,
      holder: 'a machine',
    });
    expect(uploads.map(({ uploadId }) => uploadId)).toEqual(['theirs', 'old']);
  });
});

it('goes on without a queue that cannot be listed, and names it', async () => {
  skipped = [{ queue: 'nowhere', reason: 'JobQueue nowhere does not exist' }];
  jobs = [job('b-3', 'gone')];
  expect(await run()).toMatchObject({ skipped, ended: { jobs: 1 } });
});
