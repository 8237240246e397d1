/**
 * Records the histories that the replay tests hold every later version of the workflows to. Run it when a
 * released workflow takes a new shape, and keep the old files: `node scripts/run.mjs test/histories/record.ts
 * [NAME…]`, all without names.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { RunView } from '../../nas/protocol/run-view.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { Session } from '../../scripts/runs/connect.ts';
import { retryRun } from '../../scripts/runs/restart-run.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { setup } from '../support/servers.global.ts';
import type { ControlRequest } from '../../workflows/contract.ts';
import { createHarness } from '../workflows/harness.ts';
import { isFrozen } from './frozen.ts';
import type { Harness } from '../workflows/harness.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SMALL = { stages: { search: { seeds: [0] }, retrain: { topK: 1 }, evaluate: { seeds: [0] } } };

/** Scenarios to record. */
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

type Handle = Awaited<ReturnType<typeof startRun>>;

const ask = (handle: Handle, change: ControlRequest['change']): Promise<RunView> =>
  handle.executeUpdate<RunView, [ControlRequest]>('control', { args: [{ by: 'operator@host', change }] });
const until = async (handle: Handle, holds: (view: RunView) => boolean): Promise<void> => {
  while (!holds(await handle.query<RunView>('progress'))) await sleep(20);
};
const running = async ({ batch }: Harness, jobs: number): Promise<void> => {
  while (batch.running().length !== jobs) await sleep(20);
};

const record = async (
  name: string,
  options: Parameters<typeof createHarness>[0],
  work: (
    harness: Harness,
    start: (historyLimit?: number, change?: object) => Promise<Handle>,
  ) => Promise<readonly string[]>,
): Promise<void> => {
  if (!isWanted(name)) return;
  const harness = await createHarness(options);
  await harness.during(async () => {
    const start = (historyLimit?: number, change: object = {}): Promise<Handle> =>
      startRun(harness.client, harness.store, {
        record: runRecordForTests(harness.runId, { ...SMALL, rehearsal: { reclaims: 1 }, ...change }),
        taskQueue: harness.taskQueue,
        ...(historyLimit === undefined ? {} : { historyLimit }),
      });
    const ids = await work(harness, start);
    for (const id of ids) {
      const path = id === '' ? 'run' : id.replaceAll('/', '-');
      let executions = 0;
      for await (const { runId } of harness.client.workflow.list({
        query: `WorkflowId = "${harness.runId}${id === '' ? '' : `/${id}`}"`,
      })) {
        const handle = harness.client.workflow.getHandle(`${harness.runId}${id === '' ? '' : `/${id}`}`, runId);
        const file = join(FOLDER, `${packageJson.version}-${name}-${path}-${executions++}.json`);
        // Stack traces name files from the repository on, whatever folder it lies in.
        writeFileSync(file, historyToJSON(await handle.fetchHistory()).replaceAll(ROOT, ''));
        process.stderr.write(`${file}\n`);
      }
      if (executions === 0) throw new Error(`${id}: no execution found`);
    }
  });
  await harness.close();
};

if (isFrozen(packageJson.version))
  throw new Error(
    `the histories of ${packageJson.version} are released and stay as they are; raise the version in package.json first`,
  );
const tearDown = setup();
// Histories of this version that is not released yet; those of released versions stay for ever.
if (wanted.length === 0)
  for (const file of readdirSync(FOLDER))
    if (file.startsWith(`${packageJson.version}-`)) rmSync(join(FOLDER, file));
try {
  await record('whole', {}, async (harness, start) => {
    const view = await (await start()).result();
    const firstCell = view.stages[1]?.jobs[0]?.jobId ?? '';
    await sleep(1_000);
    return ['', 'stage-1', 'stage-2', 'stage-3', firstCell, 'stage-3/winner/seed-0'];
  });
  await record('continued', {}, async (_, start) => {
    await (await start(40)).result();
    await sleep(1_000);
    return ['', 'stage-3'];
  });
  await record(
    'relaunched',
    {
      script: ({ jobId }, launch) =>
        jobId === 'stage-1/seed-0' && launch === 1 ? { end: 'fail', attempts: [{ exitCode: 137 }] } : undefined,
    },
    async (_, start) => {
      await (await start()).result();
      await sleep(1_000);
      return ['stage-1/seed-0'];
    },
  );
  await record('cancelled', { script: () => ({ end: 'hang' }) }, async (harness, start) => {
    const handle = await start();
    while (harness.batch.running().length === 0) await sleep(50);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    await sleep(1_000);
    return ['', 'stage-1', 'stage-1/seed-0'];
  });
  let held = true;
  await record(
    'controlled',
    {
      script: ({ jobId }, launch) => {
        if (jobId === 'stage-1/seed-1' && launch === 1) return { end: 'fail', attempts: [{ exitCode: 67 }] };
        return jobId.startsWith('stage-1') && held ? { end: 'hang' } : undefined;
      },
    },
    async (harness, start) => {
      const handle = await start(undefined, { resources: { parallelism: 1 } });
      await running(harness, 1);
      // A further seed, which fails, is put back and then cancelled.
      await ask(handle, { kind: 'edit', edits: { searchSeeds: [0, 1], parallelism: 2 } });
      await until(handle, (view) => view.stages[0]?.jobs[1]?.status === 'failed');
      await ask(handle, { kind: 'retry-job', jobId: 'stage-1/seed-1' });
      await running(harness, 2);
      await ask(handle, { kind: 'cancel-job', jobId: 'stage-1/seed-1' });
      await running(harness, 1);
      // The other one is stopped and goes on; what was planned of stages 2 and 3 has changed meanwhile.
      await ask(handle, { kind: 'pause', stop: false });
      await ask(handle, { kind: 'pause', stop: true });
      await running(harness, 0);
      await ask(handle, { kind: 'edit', edits: { topK: 2, evaluateSeeds: [0, 1] } });
      held = false;
      await ask(handle, { kind: 'resume' });
      await handle.result();
      await sleep(1_000);
      return ['', 'stage-1', 'stage-2', 'stage-1/seed-0', 'stage-1/seed-1'];
    },
  );
  await record('controlled-continued', { milliseconds: 50 }, async (_, start) => {
    const handle = await start(30);
    await ask(handle, { kind: 'edit', edits: { topK: 3 } });
    await until(handle, (view) => view.stages[1]?.status === 'running');
    await ask(handle, { kind: 'pause', stop: false });
    await ask(handle, { kind: 'resume' });
    await handle.result();
    await sleep(1_000);
    return ['', 'stage-2', 'stage-3'];
  });
  let slow = true;
  await record(
    'trials',
    {
      script: ({ jobId }) => (slow && /trial-00000[2-9]/.test(jobId) ? { end: 'hang' } : undefined),
      replace: { collectReport: async () => ({ uri: 's3://none/none', sha256: '', bytes: 0 }) },
    },
    async (harness, start) => {
      const handle = await start(undefined, {
        space: { name: 'nas-bench-201' },
        strategy: { name: 'regularized-evolution', populationSize: 3, tournamentSize: 2 },
        stages: { ...SMALL.stages, search: { seeds: [0, 1], evaluations: 6 } },
      });
      await running(harness, 2);
      await ask(handle, { kind: 'edit', edits: { parallelism: 3 } });
      await running(harness, 3);
      await ask(handle, { kind: 'pause', stop: false });
      await ask(handle, { kind: 'pause', stop: true });
      await running(harness, 0);
      slow = false;
      await ask(handle, { kind: 'resume' });
      await handle.result();
      await sleep(1_000);
      return ['stage-1', 'stage-1/seed-0', 'stage-1/seed-1'];
    },
  );
  await record('budget', {}, async (_, start) => {
    const resources = { parallelism: 1, spotDollarsPerHour: 3_600_000 };
    const handle = await start(undefined, { resources, budget: { dollars: 1_500 } });
    await until(handle, (view) => view.status === 'paused');
    await ask(handle, { kind: 'edit', edits: { dollars: 1e9 } });
    await ask(handle, { kind: 'resume' });
    await handle.result();
    await sleep(1_000);
    return [''];
  });
  await record(
    'reclaimed',
    {
      // Batch has used up its attempts, and the machine of a later launch goes too.
      script: ({ jobId }, launch) =>
        jobId === 'stage-1/seed-0' && launch <= 2
          ? {
              end: 'fail',
              attempts: Array.from({ length: 10 }, () => ({
                exitCode: launch === 1 ? 75 : undefined,
                statusReason: launch === 1 ? 'Essential container in task exited' : 'Host EC2 (instance i-0) terminated.',
              })),
            }
          : undefined,
    },
    async (_, start) => {
      await (await start()).result();
      await sleep(1_000);
      return ['stage-1', 'stage-1/seed-0'];
    },
  );
  let broken = true;
  await record(
    'retried',
    {
      script: ({ jobId }) =>
        broken && jobId.startsWith('stage-2') ? { end: 'fail', attempts: [{ exitCode: 65 }] } : undefined,
    },
    async (harness, start) => {
      await (await start()).result().catch(() => undefined);
      broken = false;
      const { client, store, taskQueue, runId } = harness;
      await retryRun({ client, store, config: { taskQueue } } as Session, runId);
      await client.workflow.getHandle(runId).result();
      await sleep(1_000);
      return ['', 'stage-2'];
    },
  );
  await record('reconciled', {}, async (harness) => {
    const { client, taskQueue, runId } = harness;
    await client.workflow.execute('reconcileRuns', { workflowId: `${runId}/reconcile`, taskQueue, args: [] });
    await sleep(1_000);
    return ['reconcile'];
  });
  await record(
    'failed',
    { script: () => ({ end: 'fail', attempts: [{ exitCode: 65 }] }) },
    async (_, start) => {
      await (await start()).result().catch(() => undefined);
      await sleep(1_000);
      return ['', 'stage-1'];
    },
  );
} finally {
  await tearDown();
}
