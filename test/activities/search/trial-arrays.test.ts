import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import type { BatchJobs } from '../../../activities/batch/batch-jobs.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import { createTrialArrays } from '../../../activities/search/trial-arrays.ts';
import type { JobReport, PlannedTrial } from '../../../nas/job/job-report.ts';
import { jobDocument } from '../../../nas/protocol/plan.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { readTrialLog } from '../../../store/trial-log.ts';
import { dartsCnn } from '../../../nas/space/darts-cnn.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { faultyStore } from '../../support/faulty-store.ts';
import { runRecordForTests } from '../../support/run-record.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';
import { createSimulatedBatch, simulatedResult } from '../../support/simulated-batch.ts';
import type { SimulatedBatch } from '../../support/simulated-batch.ts';

const SEARCH = 'stage-1/seed-0';
const RECORD = runRecordForTests('run', {
  strategy: { name: 'random' },
  stages: { search: { seeds: [0], evaluations: 7, recipe: { epochs: 1 } } },
  resources: { parallelism: 4 },
});

const random = randomFromSeed(5);
const TRIALS = Array.from({ length: 4 }, (_, i): PlannedTrial => ({
  kind: 'trial',
  jobId: `${SEARCH}/trial-00000${i}`,
  seed: 0,
  genotype: dartsCnn.print(dartsCnn.sample(random)),
  rungs: [1],
}));
const ids = (batchJobId: string) => new Map(TRIALS.map(({ jobId }, i) => [jobId, `${batchJobId}:${i}`]));

const setUp = () => {
  const store = createMemoryObjectStore();
  const batch = createSimulatedBatch(store, { milliseconds: 1 });
  return { store, batch, arrays: createTrialArrays(launchDependencies(store, batch)) };
};

describe('trials that are proposed together', () => {
  it('are one submission, whose children find their own documents', async () => {
    const { store, batch, arrays } = setUp();
    expect(await arrays.submit(RECORD, SEARCH, TRIALS, undefined)).toEqual(ids('job-1'));
    expect(batch.submissions).toHaveLength(1);
    expect(batch.submissions[0]).toMatchObject({ size: 4, tags: { 'nas-run': 'run', 'nas-job': SEARCH } });
    expect(batch.launched).toEqual(TRIALS.map(({ jobId }) => jobId));
    for (const trial of TRIALS) {
      const stored = await store.get(keys.job('run', trial.jobId).document);
      expect(JSON.parse(Buffer.from(stored!.body).toString())).toEqual(jobDocument(RECORD, trial));
    }
  });

  it('are launched by themselves when there is one, or when they have their result', async () => {
    const { store, batch, arrays } = setUp();
    const [first, second, ...others] = TRIALS as [PlannedTrial, PlannedTrial, ...PlannedTrial[]];
    expect((await arrays.submit(RECORD, SEARCH, [first], undefined)).size).toBe(0);
    const result = simulatedResult(jobDocument(RECORD, second));
    await createDocument(store, keys.job('run', second.jobId).result, programResultSchema, result);
    expect((await arrays.submit(RECORD, SEARCH, [first, second], undefined)).size).toBe(0);
    expect(batch.submissions).toEqual([]);
    const submitted = await arrays.submit(RECORD, SEARCH, TRIALS, undefined);
    expect([...submitted.keys()]).toEqual([first, ...others].map(({ jobId }) => jobId));
  });

  it('are found again by their search’s successor, in their own round alone', async () => {
    const { store, batch, arrays } = setUp();
    await arrays.submit(RECORD, SEARCH, TRIALS, 'r1-0');
    const successor = createTrialArrays(launchDependencies(store, batch));
    const rest = TRIALS.slice(2);
    const found = await successor.find(RECORD, SEARCH, rest, 'r1-0');
    expect([...found]).toEqual([...ids('job-1')].slice(2));
    expect((await successor.find(RECORD, SEARCH, rest, undefined)).size).toBe(0);
    expect(batch.submissions).toHaveLength(1);
  });

  it.each(['before', 'after'])(
    'are submitted once although the worker dies %s Batch takes them in',
    async (when) => {
      const { store, batch } = setUp();
      const dying: BatchJobs = {
        ...batch,
        submit: async (submission) => {
          if (when === 'after') await batch.submit(submission);
          throw new Error('gone');
        },
      };
      const first = createTrialArrays(launchDependencies(store, dying));
      await expect(first.submit(RECORD, SEARCH, TRIALS, undefined)).rejects.toThrow('gone');
      const successor = createTrialArrays(launchDependencies(store, batch));
      expect(await successor.find(RECORD, SEARCH, TRIALS, undefined)).toEqual(ids('job-1'));
      expect(batch.submissions).toHaveLength(1);
    },
  );

  it('are not submitted again when Batch has forgotten them and some have ended', async () => {
    const { store, batch } = setUp();
    const forgetful: BatchJobs = { ...batch, find: async () => [] };
    const arrays = createTrialArrays(launchDependencies(store, forgetful));
    await arrays.submit(RECORD, SEARCH, TRIALS, undefined);
    expect((await arrays.find(RECORD, SEARCH, TRIALS.slice(1), undefined)).size).toBe(0);
    while (batch.running().length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await arrays.find(RECORD, SEARCH, TRIALS, undefined)).size).toBe(0);
    expect(batch.submissions).toHaveLength(1);
  });

  it('count once when two workers have submitted them: the older array', async () => {
    const { store, batch, arrays } = setUp();
    const blind: BatchJobs = { ...batch, find: async () => [] };
    await createTrialArrays(launchDependencies(store, blind)).submit(RECORD, SEARCH, TRIALS, undefined);
    await createTrialArrays(launchDependencies(store, blind)).submit(RECORD, SEARCH, TRIALS, undefined);
    expect(await arrays.find(RECORD, SEARCH, TRIALS, undefined)).toEqual(ids('job-1'));
    expect(batch.terminated).toEqual([{ id: 'job-2', reason: expect.stringContaining('job-1') as string }]);
  });
});

/** A whole search by one worker: as the activity does it, over real launches. */
const carryOut = (store: ObjectStore, batch: SimulatedBatch): Promise<JobReport> => {
  const { searchByTrials } = createProtocolActivities(launchDependencies(store, batch));
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const input = { run: RECORD, job: { kind: 'search', jobId: SEARCH, seed: 0, by: 'trials' } };
  return environment.run(searchByTrials as (input: unknown) => Promise<JobReport>, input);
};
const logOf = (store: ObjectStore) => readTrialLog(store, 'run', SEARCH);
const storeWithRun = async (): Promise<ObjectStore> => {
  const store = createMemoryObjectStore();
  await createDocument(store, keys.experiment('run'), runRecordSchema, RECORD);
  return store;
};

describe('a search that submits trials together', () => {
  it('fills its slots with one submission, and launches a child that failed by itself', async () => {
    const store = await storeWithRun();
    const failing = `${SEARCH}/trial-000002`;
    const batch = createSimulatedBatch(store, {
      milliseconds: 1,
      script: ({ jobId }, launch) =>
        jobId === failing && launch === 1
          ? {
              end: 'fail',
              attempts: [
                {
                  exitCode: 70,
                  statusReason: 'Essential container in task exited',
                  startedAt: 0,
                  stoppedAt: 1000,
                },
              ],
            }
          : undefined,
    });
    const report = await carryOut(store, batch);
    expect(report).toMatchObject({ outcome: 'succeeded', attempts: 8 });
    const [first] = batch.submissions;
    expect(first).toMatchObject({ size: 4 });
    const again = batch.submissions.filter(({ tags }) => tags['nas-job'] === failing);
    expect(again).toHaveLength(1);
    expect(again[0]?.size).toBeUndefined();
    expect(batch.launched.filter((jobId) => jobId === failing)).toHaveLength(2);
  });

  it(
    'proposes the same and launches every trial once, whenever it is killed',
    { timeout: 600_000 },
    async () => {
      const undisturbed = await storeWithRun();
      await carryOut(undisturbed, createSimulatedBatch(undisturbed, { milliseconds: 1 }));
      const expected = await logOf(undisturbed);
      for (const fault of ['crash-before', 'crash-after'] as const)
        for (let index = 0, more = true; more; index += 2) {
          const store = await storeWithRun();
          const batch = createSimulatedBatch(store, { milliseconds: 1 });
          more = false;
          const crashing = faultyStore(store, (operation) => {
            more ||= operation.index === index;
            return operation.index === index ? fault : undefined;
          });
          await carryOut(crashing, batch).catch(() => undefined);
          expect((await carryOut(store, batch)).outcome).toBe('succeeded');
          expect(await logOf(store)).toEqual(expected);
          expect([...batch.launched].sort()).toEqual([...new Set(batch.launched)].sort());
        }
    },
  );
});
