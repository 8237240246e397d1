import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack/layout.ts';
import { workflowBundle } from '../../containers/worker/bundle.ts';
import { codeRefused, replayOpenRuns, workerBuild } from '../../containers/worker/replay-open-runs.ts';
import type { Session } from '../../scripts/runs/connect.ts';
import { describeFailing, failingWorkflows, fixOfFailing } from '../../scripts/runs/failing-workflows.ts';
import { liveView } from '../../scripts/runs/live-view.ts';
import { startRun } from '../../scripts/runs/start-run.ts';
import { pollingBuilds } from '../../scripts/runs/worker-builds.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { temporalForTests } from '../support/shared-servers.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';

type Bundle = { readonly codePath: string };

const folder = mkdtempSync(join(tmpdir(), 'nas-changed-code-'));
let own: Bundle;
let harness: Harness;
let hang = true;

/** The workflows with another word in their code. */
const changed = (name: string, from: RegExp, to: string): Bundle => {
  const before = readFileSync(own.codePath, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  const codePath = join(folder, `${name}.js`);
  writeFileSync(codePath, after);
  return { codePath };
};

const session = (): Session => {
  const { client, store, taskQueue } = harness;
  return { client, store, config: { taskQueue } } as Session;
};
const ofRun = <T extends { readonly runId: string }>(all: readonly T[]): T[] =>
  all.filter(({ runId }) => runId === harness.runId);
const untilFailing = async (): Promise<Awaited<ReturnType<typeof failingWorkflows>>> => {
  for (;;) {
    const failing = await failingWorkflows(harness.client, harness.runId);
    if (failing.length > 0) return failing;
    await sleep(100);
  }
};

beforeAll(async () => {
  own = await workflowBundle(process.env);
  harness = await createHarness({ script: () => (hang ? { end: 'hang' } : undefined) });
  const { client, store, taskQueue, runId, batch } = harness;
  await harness.during(async () => {
    await startRun(client, store, { record: runRecordForTests(runId), taskQueue });
    while (batch.running().length < 2) await sleep(20);
    // Until the histories hold the answers of the newest workflow tasks.
    await sleep(500);
  });
});
afterAll(async () => {
  await harness.client.workflow
    .getHandle(harness.runId)
    .terminate()
    .catch(() => undefined);
  await harness.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a worker with other workflow code', () => {
  it('is asked by nobody about runs that its own build has moved', async () => {
    expect(ofRun(await replayOpenRuns(harness.client, own))).toEqual([]);
    await harness.during(async () => {
      while ((await pollingBuilds(harness.client, harness.taskQueue)).length === 0) await sleep(50);
      expect(await pollingBuilds(harness.client, harness.taskQueue)).toEqual([
        workerBuild(readFileSync(own.codePath, 'utf8')),
      ]);
    });
  });

  it('goes on with the run when its decisions are the same', async () => {
    const commented = changed('comment', /^/, '// a comment\n');
    expect(ofRun(await replayOpenRuns(harness.client, commented))).toEqual([]);
  });

  it.each([
    ['the run', /id: 'stage-1'/, "id: 'stage-one'", ''],
    ['a stage', /planSearch/g, 'planAnother', '/stage-1'],
    ['a job', /launchJob/g, 'launchAnother', '/stage-1/seed-0'],
  ])('is refused by what it would decide otherwise for %s', async (name, from, to, path) => {
    const refused = ofRun(await replayOpenRuns(harness.client, changed(name.replace(' ', '-'), from, to)));
    expect(refused.map(({ workflowId }) => workflowId)).toContain(`${harness.runId}${path}`);
    expect(refused[0]?.reason).toMatch(/^\[TMPRL1100\]/);
    expect(codeRefused(refused).message).toMatch(
      new RegExp(`${harness.runId}.*TMPRL1100[^]*Fix: run the worker`),
    );
  });
});

describe('the worker process', () => {
  it('does not start while a run is under way that its code cannot go on with', async () => {
    const others = await createHarness({ script: () => ({ end: 'hang' }) });
    const { client, store, taskQueue, runId, batch } = others;
    try {
      await others.during(
        async () => {
          await startRun(client, store, { record: runRecordForTests(runId), taskQueue });
          while (batch.running().length < 2) await sleep(20);
          await sleep(500);
        },
        changed('begun', /id: 'stage-1'/, "id: 'stage-one'"),
      );
      const { address, namespace } = await temporalForTests();
      const own = `${taskQueue}-own`;
      const env = {
        ...process.env,
        ...{
          AWS_REGION: 'us-east-1',
          NAS_BUCKET: 'bucket',
          NAS_QUEUE: 'queue',
          NAS_JOB_DEFINITION: 'trainer',
        },
        ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, NAS_TASK_QUEUE: own },
      };
      const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
        const main = ['scripts/run.mjs', 'containers/worker/main.ts'];
        const options = { cwd: REPOSITORY, env, timeout: 120_000 };
        execFile(process.execPath, main, options, (error, stdout, stderr) =>
          resolve({ code: error?.code, output: stdout + stderr }),
        );
      });
      expect(output).toMatch(
        new RegExp(`${runId} is under way, and this worker's code cannot go on with it: \\[TMPRL1100\\]`),
      );
      expect(output).toContain('Fix: run the worker of the version that they began with');
      expect(output).not.toContain('worker polls');
      expect(code).toBe(1);
      expect(await pollingBuilds(client, own)).toEqual([]);
    } finally {
      await client.workflow.getHandle(runId).terminate();
      await others.close();
    }
  });
});

describe('a run whose workflow task fails', () => {
  it('is named with the reason and a fix, and goes on with the code that it began with', async () => {
    expect(await failingWorkflows(harness.client, harness.runId)).toEqual([]);
    const other = changed('other', /id: 'stage-1'/, "id: 'stage-one'");
    await harness.during(async () => {
      await harness.client.workflow
        .getHandle(harness.runId)
        .signal('stageNews', { kind: 'taken', version: 0 });
      const [failing, ...others] = await untilFailing();
      expect(others).toEqual([]);
      if (failing === undefined) throw new Error('nothing fails');
      expect(failing).toMatchObject({
        runId: harness.runId,
        workflowId: harness.runId,
        cause: 'NON_DETERMINISTIC_ERROR',
        message: expect.stringContaining('TMPRL1100'),
      });
      expect(describeFailing(failing)).toMatch(/stands still: its workflow task has failed \d+ times/);
      expect(fixOfFailing([failing], session().config)).toContain('began with');
      await expect(liveView(session(), harness.runId)).rejects.toThrow(/stands still.*TMPRL1100.*Fix: /s);
    }, other);
    hang = false;
    await harness.during(async () => {
      for (const id of harness.batch.running()) await harness.batch.terminate(id, 'Cancelled by nas: test');
      while ((await failingWorkflows(harness.client, harness.runId)).length > 0) await sleep(100);
      expect((await liveView(session(), harness.runId)).runId).toBe(harness.runId);
    });
  });
});
