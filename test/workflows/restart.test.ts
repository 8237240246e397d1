import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunView } from '../../nas/protocol/run-view.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { Session } from '../../scripts/runs/connect.ts';
import { forkRun, retryRun } from '../../scripts/runs/restart-run.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { seedShippedDataset } from '../../scripts/data/shipped.ts';
import { runRecord } from '../../scripts/runs/prepare-run.ts';
import { readDataset } from '../../store/datasets.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

// There is no Batch to ask here; `check-resources.test.ts` asks one.
vi.mock('../../scripts/runs/check-resources.ts', () => ({ checkResources: () => Promise.resolve() }));

let harness: Harness;
afterEach(() => harness.close());

const start = (change: Parameters<typeof runRecordForTests>[1] = {}) =>
  startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId, change),
    taskQueue: harness.taskQueue,
  });
const session = (): Session =>
  ({ client: harness.client, store: harness.store, config: { taskQueue: harness.taskQueue } }) as Session;
const jobIds = (): string[] => harness.batch.submissions.map(({ tags }) => tags['nas-job'] as string);

describe('nas retry', () => {
  it('goes on with a failed run where it stood: finished jobs and edits are kept', async () => {
    let broken = true;
    const script = ({ jobId }: JobDocument) =>
      broken && jobId.startsWith('stage-2')
        ? { end: 'fail' as const, attempts: [{ exitCode: 65 }] }
        : undefined;
    harness = await createHarness({ script });
    await harness.during(async () => {
      const handle = await start();
      const request = {
        by: 'me@here',
        change: { kind: 'edit' as const, edits: { evaluateSeeds: [0, 1, 2] } },
      };
      await handle.executeUpdate('control', { args: [request] });
      await expect(handle.result()).rejects.toThrow();
      const before = jobIds();
      broken = false;
      expect(await retryRun(session(), harness.runId)).toBe(1);
      const view = (await harness.client.workflow.getHandle(harness.runId).result()) as RunView;
      expect(view.status).toBe('done');
      expect(view.winner?.test.n).toBe(3);
      expect(view.audit?.map(({ action }) => action)).toEqual(['edit', 'retry']);
      const again = jobIds().slice(before.length);
      expect(again.some((jobId) => jobId.startsWith('stage-1'))).toBe(false);
      expect(again.filter((jobId) => jobId.startsWith('stage-2'))).toHaveLength(2);
      await expect(retryRun(session(), harness.runId)).rejects.toThrow(/it is done; nas fork/);
    });
  });

  it('does not repeat the jobs of a stage that a cancellation cut short', async () => {
    let hang = true;
    harness = await createHarness({
      script: ({ jobId }) => (hang && jobId === 'stage-1/seed-1' ? { end: 'hang' } : undefined),
    });
    await harness.during(async () => {
      const handle = await start();
      const done = async (): Promise<boolean> =>
        (await handle.query<RunView>('progress')).stages[0]?.jobs[0]?.status === 'done';
      while (!(await done())) await sleep(50);
      await expect(retryRun(session(), harness.runId)).rejects.toThrow(/under way/);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      hang = false;
      await retryRun(session(), harness.runId);
      const view = (await harness.client.workflow.getHandle(harness.runId).result()) as RunView;
      expect(view.status).toBe('done');
      expect(jobIds().filter((jobId) => jobId === 'stage-1/seed-0')).toHaveLength(1);
      expect(jobIds().filter((jobId) => jobId === 'stage-1/seed-1')).toHaveLength(2);
    });
  });
});

describe('nas fork', () => {
  it('shares finished stages and runs the others as a run of its own', async () => {
    harness = await createHarness();
    await harness.during(async () => {
      await seedShippedDataset(harness.store);
      const data = 'fashion-mnist-small';
      const dataset = (await readDataset(harness.store, data)) as StoredDataset;
      const { experiment } = runRecordForTests(harness.runId, { task: { data } });
      const record = runRecord(harness.runId, experiment, dataset, new Date());
      await (
        await startRun(harness.client, harness.store, { record, taskQueue: harness.taskQueue })
      ).result();
      const before = jobIds().length;
      const fork = await forkRun(session(), harness.runId, {
        fromStage: 2,
        overrides: ['stages.retrain.topK=3'],
        name: `${harness.runId}-f`,
      });
      const view = (await harness.client.workflow.getHandle(fork).result()) as RunView;
      expect(view.status).toBe('done');
      expect(view.stages[0]?.jobs.map(({ status }) => status)).toEqual(['done', 'done']);
      expect(view.stages[1]?.jobs).toHaveLength(3);
      expect(view.audit).toMatchObject([{ action: 'fork', text: expect.stringContaining(harness.runId) }]);
      expect(
        jobIds()
          .slice(before)
          .some((jobId) => jobId.startsWith('stage-1')),
      ).toBe(false);
      await expect(
        forkRun(session(), harness.runId, {
          fromStage: 2,
          overrides: ['stages.search.seeds=[5]'],
          name: 'x',
        }),
      ).rejects.toThrow(/the search itself would differ/);
      await expect(
        forkRun(session(), harness.runId, { fromStage: 3, overrides: [], name: harness.runId }),
      ).rejects.toThrow(/a name that no run has/);
    });
  });
});
