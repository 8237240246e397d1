import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import type { ControlRequest } from '../../workflows/contract.ts';
import { keys } from '../../store/keys.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
afterEach(() => harness.close());

type Handle = Awaited<ReturnType<typeof startRun>>;
const start = (
  change: Parameters<typeof runRecordForTests>[1] = {},
  historyLimit?: number,
): Promise<Handle> =>
  startRun(harness.client, harness.store, {
    record: runRecordForTests(harness.runId, change),
    taskQueue: harness.taskQueue,
    ...(historyLimit === undefined ? {} : { historyLimit }),
  });
const ask = (handle: Handle, change: ControlRequest['change']): Promise<RunView> =>
  handle.executeUpdate<RunView, [ControlRequest]>('control', { args: [{ by: 'me@here', change }] });
const progress = (handle: Handle): Promise<RunView> => handle.query<RunView>('progress');
const until = async (handle: Handle, holds: (view: RunView) => boolean): Promise<void> => {
  while (!holds(await progress(handle))) await sleep(20);
};
const jobIds = (view: RunView): string[] =>
  view.stages.flatMap((stage) => stage.jobs.map(({ jobId }) => jobId));
/** What a run found; attempts and the order of its jobs are not part of it. */
const science = ({ winner, baseline, verdict, stages }: RunView) => ({
  winner,
  baseline,
  verdict,
  scores: Object.fromEntries(
    stages.flatMap((stage) =>
      stage.jobs.map(({ jobId, validationAccuracy, testAccuracy }) => [
        jobId,
        validationAccuracy ?? testAccuracy,
      ]),
    ),
  ),
});

const undisturbed = async (change: Parameters<typeof runRecordForTests>[1] = {}): Promise<RunView> => {
  harness = await createHarness();
  const view = await harness.during(async () => (await start(change)).result());
  await harness.close();
  return view;
};

describe('a paused run', () => {
  it('lets jobs in flight end, launches none, and finds the same after it was resumed', async () => {
    const twin = await undisturbed();
    harness = await createHarness({ milliseconds: 300 });
    await harness.during(async () => {
      const handle = await start({ resources: { parallelism: 1 } });
      await until(handle, (view) => view.stages[0]?.jobs[0]?.status === 'running');
      expect((await ask(handle, { kind: 'pause', stop: false })).status).toBe('paused');
      await until(handle, (view) => view.stages[0]?.jobs[0]?.status === 'done');
      await sleep(400);
      expect(harness.batch.submissions).toHaveLength(1);
      expect(harness.batch.terminated).toEqual([]);
      expect((await ask(handle, { kind: 'resume' })).status).toBe('running');
      const view = await handle.result();
      expect(science(view)).toEqual(science(twin));
      expect(view.audit).toMatchObject([
        { by: 'me@here', action: 'pause', at: expect.stringMatching(/^\d{4}-/) },
        { by: 'me@here', action: 'resume' },
      ]);
      const report = JSON.parse(
        new TextDecoder().decode((await harness.store.get(keys.report(harness.runId, 'report.json')))?.body),
      ) as RunView;
      expect(report.audit).toEqual(view.audit);
    });
  });

  it('with --now ends its jobs and launches them anew afterwards', async () => {
    const twin = await undisturbed();
    harness = await createHarness({
      script: ({ jobId }, launch) =>
        jobId.startsWith('stage-1') && launch === 1 ? { end: 'hang' } : undefined,
    });
    await harness.during(async () => {
      const handle = await start();
      while (harness.batch.running().length < 2) await sleep(20);
      await ask(handle, { kind: 'pause', stop: true });
      await until(handle, (view) => view.stages[0]?.jobs.every((job) => job.status === 'pending') === true);
      expect(harness.batch.running()).toEqual([]);
      expect(harness.batch.terminated).toHaveLength(2);
      await ask(handle, { kind: 'resume' });
      const view = await handle.result();
      expect(science(view)).toEqual(science(twin));
      const names = harness.batch.submissions.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toHaveLength(jobIds(view).length + 2);
    });
  });

  it('can be cancelled', async () => {
    harness = await createHarness({ milliseconds: 100 });
    await harness.during(async () => {
      const handle = await start({ resources: { parallelism: 1 } });
      await ask(handle, { kind: 'pause', stop: true });
      await until(handle, (view) => view.status === 'paused');
      await sleep(300);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect((await progress(handle)).status).toBe('cancelled');
      expect(harness.batch.running()).toEqual([]);
    });
  });

  it('stays paused, with its edits, when its histories continue as new', async () => {
    const twin = await undisturbed({
      stages: { search: { seeds: [0, 1] }, retrain: { topK: 3 }, evaluate: { seeds: [0, 1] } },
    });
    harness = await createHarness({ milliseconds: 50 });
    await harness.during(async () => {
      const handle = await start({}, 30);
      await ask(handle, { kind: 'edit', edits: { topK: 3 } });
      await until(handle, (view) => view.stages[1]?.status === 'running');
      await ask(handle, { kind: 'pause', stop: false });
      await ask(handle, { kind: 'resume' });
      const view = await handle.result();
      expect(science(view)).toEqual(science(twin));
      expect(view.audit?.map(({ action }) => action)).toEqual(['edit', 'pause', 'resume']);
    });
  });
});

describe('an edited run', () => {
  it('takes further seeds, cells and jobs at once, and finds what it would have found with them', async () => {
    const stages = { search: { seeds: [0, 1, 7] }, retrain: { topK: 4 }, evaluate: { seeds: [0, 1, 5] } };
    const twin = await undisturbed({ stages });
    // Jobs of stages 1 and 2 last until the run is paused, so that each edit meets its stage at work.
    let busy = /^stage-1/;
    harness = await createHarness({
      script: ({ jobId }) => (busy.test(jobId) ? { end: 'hang' } : undefined),
    });
    await harness.during(async () => {
      const handle = await start({ resources: { parallelism: 1 } });
      const restart = async (next: RegExp): Promise<void> => {
        await ask(handle, { kind: 'pause', stop: true });
        busy = next;
        await ask(handle, { kind: 'resume' });
      };
      while (harness.batch.running().length < 1) await sleep(10);
      await ask(handle, { kind: 'edit', edits: { searchSeeds: [0, 1, 7], parallelism: 3 } });
      while (harness.batch.running().length < 3) await sleep(10);
      await restart(/^stage-2/);
      await until(handle, (view) => view.stages[1]?.jobs.length === 2);
      await ask(handle, { kind: 'edit', edits: { topK: 4, evaluateSeeds: [0, 1, 5] } });
      while (harness.batch.running().length < 3) await sleep(10);
      await restart(/^never/);
      const view = await handle.result();
      expect(science(view)).toEqual(science(twin));
      expect(view.audit?.[0]?.text).toBe('searchSeeds → [0,1,7], parallelism → 3');
    });
  });

  it.each([
    ['fewer seeds than have begun', { searchSeeds: [0] }, /seed 1, whose work would be discarded.*Fix/],
    ['other seeds', { searchSeeds: [0, 2] }, /seed 1/],
  ])('refuses %s', async (_, edits, reason) => {
    harness = await createHarness({ script: () => ({ end: 'hang' }) });
    await harness.during(async () => {
      const handle = await start();
      await until(handle, (view) => view.stages[0]?.jobs.length === 2);
      const error = await ask(handle, { kind: 'edit', edits }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
      expect((error as WorkflowUpdateFailedError).cause?.message).toMatch(reason);
      expect((await progress(handle)).audit).toBeUndefined();
      await handle.terminate();
    });
  });

  it('refuses to change a stage that is over, to resume what runs, and to cancel what has ended', async () => {
    harness = await createHarness({
      script: ({ jobId }) => (jobId.startsWith('stage-2') ? { end: 'hang' } : undefined),
    });
    await harness.during(async () => {
      const handle = await start();
      await until(handle, (view) => view.stages[1]?.jobs.length === 2);
      const refused = async (change: ControlRequest['change']): Promise<string> => {
        const error = (await ask(handle, change).catch((e: unknown) => e)) as WorkflowUpdateFailedError;
        return error.cause?.message ?? '';
      };
      expect(await refused({ kind: 'edit', edits: { searchSeeds: [0, 1, 2] } })).toMatch(/is done.*nas fork/);
      expect(await refused({ kind: 'edit', edits: { topK: 1 } })).toMatch(/would discard work/);
      expect(await refused({ kind: 'resume' })).toMatch(/not paused/);
      expect(await refused({ kind: 'cancel-job', jobId: 'stage-1/seed-0' })).toMatch(
        /has ended \(succeeded\)/,
      );
      expect(await refused({ kind: 'cancel-job', jobId: 'stage-1/seed-9' })).toMatch(
        /not planned.*stage-1\/seed-0/,
      );
      expect(await refused({ kind: 'retry-job', jobId: 'stage-1/seed-0' })).toMatch(/has succeeded/);
      await handle.terminate();
    });
  });
});

describe('one job', () => {
  it('can be cancelled, running or waiting; the run goes on without it', async () => {
    harness = await createHarness({
      script: ({ jobId }) => (jobId === 'stage-1/seed-0' ? { end: 'hang' } : undefined),
      milliseconds: 200,
    });
    await harness.during(async () => {
      const stages = { search: { seeds: [0, 1, 2] }, retrain: { topK: 1 }, evaluate: { seeds: [0] } };
      const handle = await start({ stages, resources: { parallelism: 1 } });
      while (harness.batch.running().length < 1) await sleep(20);
      await ask(handle, { kind: 'cancel-job', jobId: 'stage-1/seed-2' });
      await ask(handle, { kind: 'cancel-job', jobId: 'stage-1/seed-0' });
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(view.stages[0]?.jobs.map(({ jobId, status }) => [jobId, status])).toEqual([
        ['stage-1/seed-0', 'cancelled'],
        ['stage-1/seed-1', 'done'],
        ['stage-1/seed-2', 'cancelled'],
      ]);
      expect(harness.batch.terminated).toHaveLength(1);
      expect(harness.batch.submissions.some(({ tags }) => tags['nas-job'] === 'stage-1/seed-2')).toBe(false);
    });
  });

  it('that failed can be retried while its stage runs', async () => {
    const twin = await undisturbed();
    harness = await createHarness({
      script: ({ jobId }, launch) =>
        jobId === 'stage-1/seed-0' && launch === 1
          ? { end: 'fail', attempts: [{ exitCode: 67 }] }
          : undefined,
      milliseconds: 700,
    });
    await harness.during(async () => {
      const handle = await start({ resources: { parallelism: 1 } });
      await until(handle, (view) => view.stages[0]?.jobs[0]?.status === 'failed');
      await ask(handle, { kind: 'retry-job', jobId: 'stage-1/seed-0' });
      const view = await handle.result();
      expect(view.stages[0]?.jobs.map(({ status }) => status)).toEqual(['done', 'done']);
      expect(science(view)).toEqual(science(twin));
    });
  });
});

describe('a budget', () => {
  it('holds the run when it is spent, and lets it go on when it was raised', async () => {
    harness = await createHarness();
    await harness.during(async () => {
      // A simulated attempt lasts a second: a thousand dollars.
      const resources = { parallelism: 1, spotDollarsPerHour: 3_600_000 };
      const handle = await start({ resources, budget: { dollars: 1_500 } });
      await until(handle, (view) => view.status === 'paused');
      const held = await progress(handle);
      expect(held.audit?.at(-1)).toMatchObject({
        by: 'budget',
        action: 'pause',
        text: expect.stringContaining('1500'),
      });
      await sleep(200);
      expect(harness.batch.submissions.length).toBeLessThanOrEqual(3);
      await ask(handle, { kind: 'edit', edits: { dollars: 1e9 } });
      await ask(handle, { kind: 'resume' });
      expect((await handle.result()).status).toBe('done');
    });
  });

  it('of hours does not count those for which nothing was up', async () => {
    const budget = { hours: 0.0025 };
    harness = await createHarness({ milliseconds: 1_500 });
    const handle = await harness.during(async () => {
      const started = await start({ resources: { parallelism: 2 }, budget });
      while (harness.batch.running().length < 2) await sleep(20);
      return started;
    });
    await sleep(budget.hours * 3_600_000 + 500);
    await harness.during(async () => {
      // By now it has been looked at with a job's end; what follows may take as long as this machine needs.
      await until(handle, (view) => view.status === 'paused' || (view.stages[1]?.jobs.length ?? 0) > 0);
      expect((await progress(handle)).status).toBe('running');
      await ask(handle, { kind: 'edit', edits: { hours: 1 } });
      const view = await handle.result();
      expect(view.status).toBe('done');
      expect(view.audit?.map(({ action }) => action)).toEqual(['edit']);
    });
  });
});
