import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { jobProgressSchema } from '../../../nas/job/progress.ts';
import { attemptRecordSchema } from '../../../nas/job/attempt-record.ts';
import type { RehearsalInput } from '../../../activities/contract.ts';
import type { Dependencies } from '../../../activities/dependencies.ts';
import { createRehearseReclaim } from '../../../activities/search/rehearse-reclaim.ts';
import type { RehearsalView } from '../../../nas/protocol/run-view.ts';
import { replaceDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { openTrialLog } from '../../../store/trial-log.ts';
import { runRecordForTests } from '../../support/run-record.ts';

const JOB = 'stage-1/seed-0';

const setUp = (
  afterReclaim: (jobId: string) => Promise<unknown> | undefined = () => undefined,
  outcomeOf: (jobId: string) => string = () => 'preempted',
) => {
  const store = createMemoryObjectStore();
  const taken: string[] = [];
  const rehearse = createRehearseReclaim({
    store,
    capacity: {
      reclaim: async (batchJobId: string) => {
        taken.push(batchJobId);
        const [jobId, epoch] = batchJobId.split(' ') as [string, string];
        const attempt = keys.job('run', jobId).attempt(Number(epoch));
        await replaceDocument(store, attempt, attemptRecordSchema, {
          jobId,
          epoch: Number(epoch),
          batchJobId,
          batchAttempt: 1,
          host: 'h',
          startedAt: '2026-01-01T00:00:00Z',
          fromStep: 0,
          outcome: outcomeOf(jobId),
        });
        await afterReclaim(batchJobId);
      },
    },
  } as unknown as Dependencies);
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const input: RehearsalInput = {
    run: runRecordForTests('run'),
    jobId: JOB,
    reclaims: 1,
    afterCheckpoints: 2,
  };
  return {
    taken,
    environment,
    drill: (more: Partial<RehearsalInput> = {}): Promise<RehearsalView> =>
      environment.run(rehearse, { ...input, ...more }) as Promise<RehearsalView>,
    progress: (jobId: string, epoch: number, checkpoints: number) =>
      replaceDocument(store, keys.job('run', jobId).progress, jobProgressSchema, {
        jobId,
        epoch,
        batchJobId: `${jobId} ${epoch}`,
        batchAttempt: 1,
        phase: 'training',
        step: checkpoints,
        totalSteps: 100,
        checkpointStep: checkpoints,
        checkpoints,
        stepsPerSecond: 1,
        updatedAt: '2026-01-01T00:00:00Z',
      }),
    log: async (told: readonly string[]) => {
      const { log } = await openTrialLog(store, 'run', JOB);
      const trials = ['t-000000', 't-000001', 't-000002'].map((id, ordinal) => ({
        id,
        ordinal,
        genotype: `"${id}"`,
        hash: id,
        fidelity: 1,
        note: null,
      }));
      await log.append([
        { kind: 'asked', trials },
        ...told.map((id) => ({ kind: 'told', trial: { id, end: { kind: 'score', value: 0.5 } } }) as const),
      ]);
    },
  };
};

describe('a rehearsed reclaim', () => {
  it('takes the machine of an attempt with enough checkpoints, each attempt once', async () => {
    const { drill, taken, progress } = setUp((batchJobId) =>
      batchJobId === `${JOB} 1` ? progress(JOB, 2, 2) : undefined,
    );
    await progress(JOB, 1, 2);
    const view = await drill({ reclaims: 2 });
    expect(taken).toEqual([`${JOB} 1`, `${JOB} 2`]);
    expect(view).toEqual({
      jobId: JOB,
      reclaims: 2,
      text: `Rehearsed reclaim: the machine of ${JOB} was taken away 2 of 2 times, each time after 2 checkpoints of its attempt.`,
    });
    // A worker that died after the last reclaim does not make another.
    expect((await drill({ reclaims: 2 })).reclaims).toBe(2);
    expect(taken).toHaveLength(2);
  });

  it('goes on to later trials where the first ended too soon', async () => {
    const { drill, taken, progress, log } = setUp();
    await log(['t-000000']);
    await progress(`${JOB}/trial-000000`, 1, 5);
    await progress(`${JOB}/trial-000001`, 1, 1);
    await progress(`${JOB}/trial-000002`, 1, 2);
    const view = await drill({ byTrials: true });
    expect(taken).toEqual([`${JOB}/trial-000002 1`]);
    expect(view.text).toContain(`the machine of ${JOB}/trial-000002 was taken away 1 of 1 times`);
  });

  it('does not count a trial that was done before its machine was gone', async () => {
    const { drill, taken, progress, log } = setUp(undefined, (jobId) =>
      jobId.endsWith('0') ? 'succeeded' : 'preempted',
    );
    await log([]);
    await progress(`${JOB}/trial-000000`, 1, 2);
    await progress(`${JOB}/trial-000001`, 1, 2);
    const view = await drill({ byTrials: true });
    expect(taken).toEqual([`${JOB}/trial-000000 1`, `${JOB}/trial-000001 1`]);
    expect(view).toMatchObject({ reclaims: 1 });
    expect(view.text).toContain(`the machine of ${JOB}/trial-000001 was taken away 1 of 1 times`);
  });

  it('says so where the search ends first', async () => {
    const { drill, taken, progress, environment, log } = setUp();
    await log([]);
    await progress(`${JOB}/trial-000000`, 1, 1);
    const view = drill({ byTrials: true });
    environment.cancel();
    expect((await view).text).toMatch(/0 of 1 times; the search ended before it could be done again/);
    expect(taken).toEqual([]);
  });
});
