import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobArraySchema } from '../../nas/job/job-array.ts';
import { recordCrash } from '../../activities/launch/crash-record.ts';
import { attemptHistory } from '../../containers/trainer/attempt-record.ts';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import type { JobProgress } from '../../nas/job/progress.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { jobKit, RUN, tinyTraining, type JobKit } from './job-kit.ts';

let kit: JobKit;
let undisturbed: string;
beforeAll(async () => {
  kit = await jobKit();
  const uri = await kit.submit('undisturbed', tinyTraining(4));
  const trainer = kit.start(uri);
  expect(await trainer.ended, trainer.log()).toBe(EXIT_CODES.succeeded);
  undisturbed = (await kit.result('undisturbed')) as string;
});
afterAll(() => kit.close());

describe('trainer process', () => {
  it('leaves a result, an attempt record, progress and a last checkpoint', async () => {
    expect(JSON.parse(undisturbed)).toMatchObject({ kind: 'train', evaluatedOn: 'validation' });
    const [attempt, ...others] = await kit.attempts('undisturbed');
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({
      jobId: 'undisturbed',
      epoch: 1,
      outcome: 'succeeded',
      fromStep: 0,
      toStep: 20,
    });
    expect(attempt?.checkpoints?.count).toBeGreaterThan(0);
    const progress = await kit.store.get(keys.job(RUN, 'undisturbed').progress);
    expect(JSON.parse(Buffer.from(progress?.body as Uint8Array).toString())).toMatchObject({
      phase: 'done',
      step: 20,
      totalSteps: 20,
      checkpointStep: 20,
    });
  });

  it('gives the same bytes after kill -9 at any steps', async () => {
    const uri = await kit.submit('killed', tinyTraining(4), { everySteps: 2 });
    for (const step of [5, 12]) {
      const trainer = kit.start(uri, { NAS_DRILL_KILL_AT_STEP: String(step) });
      expect(await trainer.ended, trainer.log()).toBe('SIGKILL');
    }
    const last = kit.start(uri);
    expect(await last.ended, last.log()).toBe(EXIT_CODES.succeeded);
    expect(await kit.result('killed')).toBe(undisturbed);
    const attempts = await kit.attempts('killed');
    expect(attempts.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(attempts[1]?.fromStep).toBeGreaterThan(0);
    expect(attempts[2]?.fromStep).toBeGreaterThan(attempts[1]?.fromStep as number);
    expect(attempts.map(({ outcome }) => outcome)).toEqual([undefined, undefined, 'succeeded']);
  });

  it.each(['SIGSEGV', 'SIGABRT'] as const)(
    'leaves a trace of what native code was doing when it dies by %s',
    async (signal) => {
      const jobId = `crashing-${signal.toLowerCase()}`;
      const uri = await kit.submit(jobId, tinyTraining(400));
      const trainer = kit.start(uri, { AWS_BATCH_JOB_ID: 'batch-1', ONEDNN_MAX_CPU_ISA: 'AVX2' });
      await trainer.until('from step 0');
      const read = async () => {
        const stored = await kit.store.get(keys.job(RUN, jobId).progress);
        return JSON.parse(Buffer.from(stored?.body ?? []).toString() || '{}') as JobProgress;
      };
      await expect.poll(async () => (await read()).operation, { timeout: 30_000 }).toBe('train (graph 1)');
      trainer.process.kill(signal);
      expect(await trainer.ended).toBe(signal);
      expect(await read()).toMatchObject({ epoch: 1, batchJobId: 'batch-1', program: 'train-network' });
      const [attempt] = await kit.attempts(jobId);
      expect(attempt?.outcome).toBeUndefined();
      expect(attempt?.software).toMatchObject({ ONEDNN_MAX_CPU_ISA: 'AVX2' });
      expect(attempt?.software?.['tensorflow']).toMatch(/^2\./);
      expect(attempt?.software?.['cpu']).toMatch(/, /);
      // The worker's account of it; the next attempt does not take it for a reclaim.
      const crash = await recordCrash(kit.store, { runId: RUN, jobId }, 'batch-1', { exitCode: 139 });
      expect(crash.place).toBe('train-network: train (graph 1)');
      expect(await attemptHistory(kit.store, RUN, jobId)).toMatchObject({ reclaims: 0 });
    },
  );

  it('takes the job of its index as a child of an array, and none beyond', async () => {
    await kit.submit('child', tinyTraining(4));
    const key = keys.job(RUN, 'search').array('0');
    const jobs = ['undisturbed', 'child'];
    await createDocument(kit.store, key, jobArraySchema, { version: 1, runId: RUN, name: 'array', jobs });
    const start = (index: number) =>
      kit.start(kit.store.uri(key), {
        AWS_BATCH_JOB_ID: `array:${index}`,
        AWS_BATCH_JOB_ARRAY_INDEX: String(index),
      });
    const trainer = start(1);
    expect(await trainer.ended, trainer.log()).toBe(EXIT_CODES.succeeded);
    expect(await kit.result('child')).toBe(undisturbed);
    expect((await kit.attempts('child'))[0]).toMatchObject({ batchJobId: 'array:1' });
    const beyond = start(2);
    expect(await beyond.ended).toBe(EXIT_CODES['user-error']);
    expect(beyond.log()).toContain('a list of jobs with index 2');
  });

  it('ends at once when the result is there', async () => {
    const trainer = kit.start(await kit.submit('undisturbed', tinyTraining(4)));
    expect(await trainer.ended).toBe(EXIT_CODES.succeeded);
    expect(trainer.log()).toContain('has its result already');
    expect(await kit.attempts('undisturbed')).toHaveLength(1);
  });
});
