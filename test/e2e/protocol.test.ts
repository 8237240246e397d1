import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/stack/ports.ts';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import { runningPid } from '../../infra/local/stack/processes.ts';
import { readStack, stackEnvironment } from '../../infra/local/stack/document.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { keys } from '../../store/keys.ts';
import { createS3Client, createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MINUTES = 60_000;

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const home = mkdtempSync(join(tmpdir(), 'nas-e2e-'));
const layout = layoutOf(home);
/** `nas …` on a stack of this test's own. */
const nas = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS_|TEMPORAL_|NAS_BUCKET)/.test(name));
    const env = { ...Object.fromEntries(own), NAS_HOME: home };
    execFile(process.execPath, ['scripts/nas.mjs', ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
const nasUp = async (): Promise<void> => {
  const { code, stderr } = await nas('up', ...ports, '--slots', '2');
  if (code !== 0) throw new Error(`nas up: ${stderr}`);
};
const ports: string[] = [];
let store: ObjectStore;

beforeAll(async () => {
  for (const option of ['--temporal-port', '--temporal-ui-port', '--s3-port', '--batch-port'])
    ports.push(option, String(await freePort()));
  await nasUp();
  const stack = readStack(layout);
  if (stack === undefined) throw new Error('nas up left no stack');
  const environment = stackEnvironment(stack);
  store = createS3ObjectStore({
    bucket: stack.config.bucket,
    client: createS3Client({
      endpoint: environment['AWS_ENDPOINT_URL_S3'] ?? '',
      region: stack.config.region,
      credentials: stack.credentials,
      forcePathStyle: true,
    }),
  });
}, 3 * MINUTES);

afterAll(async () => {
  await nas('down');
  rmSync(home, { recursive: true, force: true });
}, MINUTES);

/** Polls; the deadline only keeps a broken run from waiting for ever. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const startedAt = Date.now();
  while (!(await holds())) {
    if (Date.now() - startedAt > 4 * MINUTES) throw new Error(`not so in time: ${String(holds)}`);
    await sleep(200);
  }
};

const results = async (view: RunView): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const { jobId } of view.stages.flatMap((stage) => stage.jobs)) {
    const stored = await store.get(keys.job(view.runId, jobId).result);
    found[jobId] = new TextDecoder().decode(stored?.body);
  }
  return found;
};

describe('a run on the embedded stack', () => {
  it(
    'survives a reclaim and a killed worker, and every result is byte for byte that of its undisturbed twin',
    async () => {
      const micro = 'test/e2e/micro.yaml';
      const disturbed = nas('run', micro, '--name', 'disturbed', '--json', '--set', 'rehearsal.reclaims=1');
      const twin = nas('run', micro, '--name', 'twin', '--json');
      // The drill is over and jobs run; their worker is killed under them and started again.
      await until(async () => (await nas('status', 'disturbed', '--json')).stdout.includes('"rehearsal"'));
      await until(async () => (await nas('jobs', 'disturbed', '--json')).stdout.includes('"RUNNING"'));
      const worker = runningPid(layout, 'worker');
      process.kill(worker as number, 'SIGKILL');
      await nasUp();
      expect(runningPid(layout, 'worker')).not.toBe(worker);

      const [a, b] = await Promise.all([disturbed, twin]);
      expect([a.code, b.code], `${a.stderr}\n${b.stderr}`).toEqual([0, 0]);
      const [viewA, viewB] = [a, b].map(({ stdout }) => JSON.parse(stdout) as RunView) as [RunView, RunView];
      expect(viewA.status).toBe('done');
      expect(viewA.stages[0]?.jobs[0]).toMatchObject({ attempts: 2, reclaims: 1 });
      expect(viewB.stages[0]?.jobs[0]).toMatchObject({ attempts: 1, reclaims: 0 });
      expect(viewA.rehearsal?.reclaims).toBe(1);
      const [resultsA, resultsB] = await Promise.all([results(viewA), results(viewB)]);
      expect(Object.values(resultsA).every((text) => text.length > 100)).toBe(true);
      expect(resultsA).toEqual(resultsB);
      expect(viewA.winner).toEqual(viewB.winner);
      // No job was launched twice although the worker died; the one that was reclaimed may have been
      // replaced.
      const { jobs } = JSON.parse((await nas('jobs', 'disturbed', '--json')).stdout) as {
        jobs: { jobId: string }[];
      };
      const launched = jobs.map((job) => job.jobId);
      const unreplaced = launched.filter((id, i) => id !== 'stage-1/seed-0' || launched.indexOf(id) === i);
      expect(unreplaced.sort()).toEqual(Object.keys(resultsA).sort());
    },
    10 * MINUTES,
  );

  it('lists runs newest first and shows them again after they ended', async () => {
    const { stdout } = await nas('list', '--json');
    const { runs } = JSON.parse(stdout) as { runs: { runId: string; status: string }[] };
    expect(runs.map((run) => run.runId).sort()).toEqual(['disturbed', 'twin']);
    const status = JSON.parse((await nas('status', 'twin', '--json')).stdout) as RunView;
    expect(status).toMatchObject({ runId: 'twin', status: 'done' });
    const watched = await nas('watch', 'twin');
    expect(watched.code).toBe(0);
    expect(watched.stdout).toContain('random');
    expect((await nas('logs', 'twin', 'stage-1/seed-0')).stdout).toContain('stage-1/seed-0');
  });

  it.each([
    ['an unknown run', ['status', 'twins'], 2, 'did you mean twin?'],
    ['a name in use', ['run', 'test/e2e/micro.yaml', '--name', 'twin'], 2, '--name'],
    ['a name that is none', ['run', 'test/e2e/micro.yaml', '--name', 'Twin!'], 2, 'lower-case'],
    [
      'an unknown field',
      ['run', 'test/e2e/micro.yaml', '--set', 'stages.search.sedes=[1]'],
      2,
      'did you mean seeds?',
    ],
    [
      'an unknown data set',
      ['run', 'test/e2e/micro.yaml', '--set', 'task.data=cifar11'],
      2,
      'did you mean cifar1',
    ],
    [
      'a batch larger than the data',
      ['run', 'test/e2e/micro.yaml', '--set', 'stages.search.recipe.batchSize=9000'],
      2,
      '400 training images',
    ],
    ['a missing file', ['run', 'no-such.yaml'], 2, 'no-such.yaml'],
    ['an unknown job', ['logs', 'twin', 'stage-1/seed-7'], 2, 'did you mean stage-1/seed-0?'],
    ['a job that no longer runs', ['reclaim', 'twin/stage-1/seed-0'], 2, 'running'],
  ])('refuses %s and starts nothing', async (_, args, code, message) => {
    const answer = await nas(...args);
    expect(answer).toMatchObject({ code, stdout: '' });
    expect(answer.stderr).toContain(message);
    const { runs } = JSON.parse((await nas('list', '--json')).stdout) as { runs: unknown[] };
    expect(runs).toHaveLength(2);
  });

  it.each([
    [['status', 't'], ['twin\tdone micro']],
    [['compare', 'twin', '--json', 'dist'], ['disturbed\tdone micro']],
    [['logs', 'twin', 'stage-1/seed-0'], ['stage-1/seed-0\tdone']],
    [['reclaim', 'tw'], ['twin/\tdone micro']],
    [['reclaim', 'twin/stage-1/seed-0'], ['twin/stage-1/seed-0\tdone']],
    [['status', 'no-such'], []],
    [['logs', 'no-such', ''], []],
  ])('offers a shell what there is: %j', async (words, offered) => {
    // A busy machine may be too slow for a person at the tab key; who asks again is answered.
    await vi.waitFor(
      async () => {
        const { code, stdout, stderr } = await nas('complete', '--', ...words);
        expect({ code, stdout, stderr }).toEqual({
          code: 0,
          stdout: offered.map((line) => `${line}\n`).join(''),
          stderr: '',
        });
      },
      { timeout: MINUTES },
    );
  });

  it('plans without starting', async () => {
    const { stdout, code } = await nas('run', 'test/e2e/micro.yaml', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      experiment: { name: 'micro' },
      jobs: expect.arrayContaining(['stage-1/seed-0']),
      estimates: [{ stage: 'proxy-search' }, { stage: 'retrain-top' }, { stage: 'evaluate' }],
    });
  });

  it('says what to do when the stack is down', async () => {
    await nas('down');
    for (const args of [['list'], ['status', 'twin'], ['run', 'test/e2e/micro.yaml']]) {
      const answer = await nas(...args);
      expect(answer).toMatchObject({ code: 3, stdout: '' });
      expect(answer.stderr).toContain('nas up');
    }
  });
});
