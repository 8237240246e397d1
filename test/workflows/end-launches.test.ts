import { ApplicationFailure } from '@temporalio/common';
import { afterEach, describe, expect, it } from 'vitest';
import { jobDocumentSchema } from '../../nas/job/job-document.ts';
import type { LaunchInput } from '../../activities/contract.ts';
import { batchJobName } from '../../activities/launch/submit-launch.ts';
import { jobDocument } from '../../nas/protocol/plan.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
afterEach(() => harness.close());

const start = () =>
  startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId),
    taskQueue: harness.taskQueue,
  });

describe('a launch that is given up', () => {
  it('leaves no job behind when it is cancelled while no worker is there', async () => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    const { batch } = harness;
    const handle = await harness.during(async () => {
      const run = await start();
      await expect.poll(() => batch.running().length, { timeout: 20_000 }).toBeGreaterThan(0);
      return run;
    });
    // The worker is gone, the jobs go on.
    expect(batch.running().length).toBeGreaterThan(0);
    await handle.cancel();
    await harness.during(() => expect(handle.result()).rejects.toThrow());
    expect(batch.running()).toEqual([]);
    expect(batch.terminated.every(({ reason }) => reason.startsWith('Cancelled by nas'))).toBe(true);
  });

  it('leaves no job behind when its activity fails for good', async () => {
    const launchJob = async ({ run, job }: LaunchInput): Promise<never> => {
      const key = keys.job(run.runId, job.jobId).document;
      await createDocument(
        harness.store,
        key,
        jobDocumentSchema,
        jobDocument(runRecordForTests(run.runId), job),
      );
      await harness.batch.submit({
        name: batchJobName(run, job.jobId, { launch: 1 }),
        queue: 'queue',
        jobDefinition: 'trainer',
        job: harness.store.uri(key),
        vcpus: 1,
        memoryMiB: 1,
        gpus: 0,
        attempts: 1,
        timeoutSeconds: 60,
        tags: {},
      });
      throw ApplicationFailure.nonRetryable('a document is damaged', 'CorruptDocumentError');
    };
    harness = await createHarness({ script: () => ({ end: 'hang' }), replace: { launchJob } });
    await harness.during(async () => {
      const handle = await start();
      await expect(handle.result()).rejects.toThrow();
    });
    expect(harness.batch.submissions.length).toBeGreaterThan(0);
    expect(harness.batch.running()).toEqual([]);
  });
});
