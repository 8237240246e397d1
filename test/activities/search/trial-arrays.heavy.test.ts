import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { createAwsBatchJobs } from '../../../activities/batch/aws-batch-jobs.ts';
import type { BatchJobs } from '../../../activities/batch/batch-jobs.ts';
import { steeringSchema, type Steering } from '../../../nas/search/steering.ts';
import { describedJobs } from '../../../activities/batch/described-jobs.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import { listUnfinishedJobs } from '../../../activities/reconcile/unfinished-jobs.ts';
import { arrayIdOf } from '../../../nas/job/job-array.ts';
import type { JobReport } from '../../../nas/job/job-report.ts';
import { trialsOf } from '../../../nas/search/trial-log.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { readTrialLog } from '../../../store/trial-log.ts';
import { defineJob, startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';
import { withResults } from '../../support/results-at-end.ts';
import { runRecordForTests } from '../../support/run-record.ts';

/** Many times what the watcher of these tests takes to give a job up. */
const SPAWN_MS = 1500;
const SEARCH = 'stage-1/seed-0';
const RECORD = runRecordForTests('run', {
  strategy: { name: 'random' },
  stages: { search: { seeds: [0], evaluations: 7, recipe: { epochs: 1 } } },
  resources: { parallelism: 4 },
});

let harness: Harness;
let store: ObjectStore;
let batch: BatchJobs;
let submitted: string[];
let environment: MockActivityEnvironment;
beforeEach(async () => {
  harness = await startHarness([], { slots: 8, spawnMs: SPAWN_MS });
  const script = `echo $AWS_BATCH_JOB_ID >>${join(harness.stateDir, 'ran')}; sleep 0.3`;
  await defineJob(harness.client, 'trainer', ['/bin/sh', '-c', script]);
  store = createMemoryObjectStore();
  await createDocument(store, keys.experiment('run'), runRecordSchema, RECORD);
  submitted = [];
  const real = withResults(createAwsBatchJobs(harness.client), store);
  batch = {
    ...real,
    submit: async (submission) => {
      const id = await real.submit(submission);
      submitted.push(id);
      return id;
    },
  };
  environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
});
afterEach(() => harness.close());

/** A whole search by one worker, whose arrays spawn late. */
const search = (): Promise<JobReport> => {
  const { searchByTrials } = createProtocolActivities(launchDependencies(store, batch));
  const input = { run: RECORD, job: { kind: 'search', jobId: SEARCH, seed: 0, by: 'trials' } };
  return environment.run(searchByTrials as (input: unknown) => Promise<JobReport>, input);
};
/** Batch's ids of the jobs that were processes. */
const ran = (): string[] => {
  const file = join(harness.stateDir, 'ran');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const unfinished = async () => (await listUnfinishedJobs(harness.client, store, ['queue'], Date.now())).jobs;
const trials = async () => trialsOf(await readTrialLog(store, 'run', SEARCH));

describe('a search whose array has not spawned its children', () => {
  it('waits for them, and runs each trial once', async () => {
    expect(await search()).toMatchObject({ outcome: 'succeeded', attempts: 7 });
    expect((await trials()).map(({ end }) => end?.kind)).toEqual(Array.from({ length: 7 }, () => 'score'));
    expect(ran()).toHaveLength(7);
    expect(new Set(ran()).size).toBe(7);
    expect(ran().filter((id) => arrayIdOf(id) === submitted[0])).toHaveLength(4);
  });

  it('leaves nothing running, and nothing that will, when it is cancelled', async () => {
    const searching = search();
    searching.catch(() => undefined);
    await expect.poll(() => submitted).toHaveLength(1);
    expect(await unfinished()).toMatchObject([
      { batchJobId: submitted[0], runId: 'run', jobId: SEARCH, status: 'SUBMITTED' },
    ]);
    environment.cancel('CANCELLED');
    await expect(searching).rejects.toThrow('CANCELLED');
    expect(await unfinished()).toEqual([]);
    await sleep(1.5 * SPAWN_MS);
    expect(ran()).toEqual([]);
    expect(await describedJobs(harness.client, store, submitted)).toMatchObject([
      { jobId: SEARCH, detail: { status: 'FAILED', isTerminated: true } },
    ]);
  });

  it('ends the one trial that is cancelled as soon as it is there, and goes on with the others', async () => {
    const steering: Steering = { version: 1, held: false, cancelled: [`${SEARCH}/trial-000001`] };
    await createDocument(store, keys.search('run', SEARCH).steering, steeringSchema, steering);
    expect((await search()).outcome).toBe('succeeded');
    const [array] = submitted;
    expect(await harness.describe(`${array}:1`)).toMatchObject({ status: 'FAILED', isTerminated: true });
    for (const index of [0, 2, 3])
      expect((await harness.describe(`${array}:${index}`)).status).toBe('SUCCEEDED');
    expect((await trials()).filter(({ end }) => end?.kind === 'score')).toHaveLength(7);
  });

  it('is left to its successor, which waits for the same children', async () => {
    const first = search();
    first.catch(() => undefined);
    await expect.poll(() => submitted).toHaveLength(1);
    environment.cancel('WORKER_SHUTDOWN');
    await expect(first).rejects.toThrow();
    environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    expect(await search()).toMatchObject({ outcome: 'succeeded', attempts: 7 });
    expect(ran()).toHaveLength(7);
  });
});
