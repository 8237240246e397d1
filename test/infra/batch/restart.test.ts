import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fate, launch } from '../../../infra/local/batch/processes.ts';
import { startLocalBatch } from '../../../infra/local/batch/server.ts';
import { freePort } from '../../../infra/local/stack/ports.ts';
import { signedFetch } from '../../../store/signed-fetch.ts';
import { createResources, isRunning, newStateDir, spawnEndpoint, TEST_IDENTITY, using } from './harness.ts';
import type { Exchange } from './service-model.ts';
import { validateExchanges } from './service-model.ts';

type Spawned = Awaited<ReturnType<typeof spawnEndpoint>>;

let dir: string;
let port: number;
let server: Spawned;
let exchanges: Exchange[];
let calls: ReturnType<typeof using>;

const start = async (): Promise<void> => {
  server = await spawnEndpoint(path.join(dir, 'state'), port, '--slots', '8');
};

beforeEach(async () => {
  dir = newStateDir();
  port = await freePort();
  exchanges = [];
  await start();
  calls = using(server.url, exchanges);
  await createResources(calls.client);
});
afterEach(async () => {
  await server.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
  expect((await validateExchanges(exchanges)).findings).toEqual([]);
});

const lines = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((l) => l !== '')
    : [];

interface RunningAttempt {
  readonly jobId: string;
  readonly current: { readonly pid: number; readonly dir: string };
}
const runningAttempt = async (jobId: string): Promise<RunningAttempt['current']> => {
  const { value } = await calls.admin('state');
  return (value['running'] as RunningAttempt[]).find((r) => r.jobId === jobId)!.current;
};

describe('an endpoint that is killed', () => {
  it('goes on with the trace that it was playing, for which time has passed', async () => {
    const slots = async (): Promise<unknown> =>
      ((await calls.admin('state')).value['settings'] as { slots: number }).slots;
    const play = { metadata: { gap_seconds: 3600 }, data: [3, 2, 1, 1] };
    // The second point comes after half a second, the third long after this test.
    const data = [3, 2, ...Array<number>(10_000).fill(2), 1];
    await calls.admin('trace', { trace: { ...play, data }, timeScale: 7_200 });
    expect(await slots()).toBe(3);
    await server.kill('SIGKILL');
    await start();
    await expect.poll(slots).toBe(2);
    await calls.admin('trace', { trace: play });
    await server.kill('SIGKILL');
    await start();
    expect(await slots()).toBe(3);
    const trace = new URL('/_local/trace', server.url);
    expect((await signedFetch(trace, TEST_IDENTITY, { method: 'DELETE' })).ok).toBe(true);
  });

  it('adopts the jobs that went on, under the same attempt', async () => {
    const file = path.join(dir, 'ran');
    const go = path.join(dir, 'go');
    const jobId = await calls.submit({
      shell: `echo run >>${file}; while [ ! -e ${go} ]; do sleep 0.02; done; echo done >>${file}; exit 7`,
    });
    await expect.poll(() => lines(file)).toEqual(['run']);
    await server.kill('SIGKILL');
    await start();
    expect((await calls.describe(jobId)).status).toBe('RUNNING');
    writeFileSync(go, '');
    const job = await calls.finished(jobId);
    expect(job).toMatchObject({ status: 'FAILED', container: { exitCode: 7 } });
    expect(job.attempts).toHaveLength(1);
    expect(lines(file)).toEqual(['run', 'done']);
  });

  it('learns the exit code of a job that ended meanwhile, and when', async () => {
    const jobId = await calls.submit({ shell: 'sleep 0.4; exit 42' });
    await calls.until(jobId, (job) => job.status === 'RUNNING');
    await server.kill('SIGKILL');
    await sleep(800);
    const restarted = Date.now();
    await start();
    const job = await calls.finished(jobId);
    expect(job.container?.exitCode).toBe(42);
    expect(job.attempts).toHaveLength(1);
    expect(job.stoppedAt).toBeLessThan(restarted);
  });

  it('takes a machine restart for a terminated host and lets the retry rules decide', async () => {
    const jobId = await calls.submit({
      shell: '[ $AWS_BATCH_JOB_ATTEMPT = 2 ] && exit 0; sleep 60',
      retryStrategy: { attempts: 2, evaluateOnExit: [{ onStatusReason: 'Host EC2*', action: 'RETRY' }] },
    });
    await calls.until(jobId, (job) => job.status === 'RUNNING');
    const { pid } = await runningAttempt(jobId);
    await server.kill('SIGKILL');
    process.kill(-pid, 'SIGKILL');
    await start();
    const job = await calls.finished(jobId);
    expect(job.status).toBe('SUCCEEDED');
    expect(job.attempts?.map((a) => a.statusReason)).toEqual([
      expect.stringMatching(/^Host EC2 \(instance i-[0-9a-f]{17}\) terminated\.$/),
      'Essential container in task exited',
    ]);
  });

  it('carries on with stops that were under way', async () => {
    const jobId = await calls.submit({ shell: 'trap "" TERM; echo up; while :; do sleep 0.05; done' });
    await expect.poll(() => calls.log(jobId)).toBe('up\n');
    await calls.admin('reclaim', { jobId, noticeSeconds: 2 });
    await server.kill('SIGKILL');
    await start();
    const { value } = await calls.admin('state');
    expect(value['instances']).toMatchObject([{ jobId, noticeAt: expect.any(Number) as number }]);
    await expect
      .poll(async () => (await runningAttempt(jobId)) as unknown, { timeout: 10_000 })
      .toMatchObject({ stop: { cause: 'host-terminated', termSent: true } });
    process.kill(-(await runningAttempt(jobId)).pid, 'SIGKILL');
    expect((await calls.finished(jobId)).statusReason).toMatch(/^Host EC2/);
  });

  it('loses no accepted job and runs none twice, however often it is killed', async () => {
    const file = path.join(dir, 'ran');
    const accepted: string[] = [];
    let submitting = true;
    const submitter = (async () => {
      while (submitting) {
        try {
          accepted.push(
            await calls.submit({
              shell: `echo "$AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ATTEMPT" >>${file}; exit 0`,
            }),
          );
        } catch (error) {
          // The endpoint was down, or went down before it could answer: such a job may or may not exist.
          if (!/ECONNREFUSED|ECONNRESET|socket hang up/.test(String(error))) throw error;
        }
        await sleep(25);
      }
    })();
    for (const wait of [900, 333, 1234, 150, 700]) {
      await sleep(wait);
      await server.kill('SIGKILL');
      await start();
    }
    submitting = false;
    await submitter;
    for (const jobId of accepted) {
      const job = await calls.finished(jobId, 60);
      expect(job.status).toBe('SUCCEEDED');
      expect(job.attempts).toHaveLength(1);
    }
    const ran = lines(file);
    expect(new Set(ran).size).toBe(ran.length);
    expect(ran).toEqual(expect.arrayContaining(accepted.map((id) => `${id} 1`)));
    expect(accepted.length).toBeGreaterThan(10);
  }, 120_000);
});

it('ends what a killed supervising shell leaves behind before the next attempt', async () => {
  const jobId = await calls.submit({
    shell: 'echo $$; exec sleep 60',
    retryStrategy: { attempts: 1 },
  });
  await expect.poll(() => calls.log(jobId)).toMatch(/^\d+\n$/);
  const command = Number(await calls.log(jobId));
  process.kill((await runningAttempt(jobId)).pid, 'SIGKILL');
  const job = await calls.finished(jobId);
  expect(job.statusReason).toMatch(/^Host EC2/);
  await expect.poll(() => isRunning(command)).toBe(false);
});

it('is refused a state folder that another endpoint serves, and a port in use', async () => {
  const { credentials } = TEST_IDENTITY;
  await expect(startLocalBatch({ credentials, stateDir: path.join(dir, 'state') })).rejects.toThrow(
    `process ${server.child.pid} is already serving`,
  );
  await expect(startLocalBatch({ credentials, stateDir: path.join(dir, 'other'), port })).rejects.toThrow(
    'EADDRINUSE',
  );
});

describe('an attempt whose start is uncertain', () => {
  it('runs nothing once its claim is taken', async () => {
    const attempt = path.join(dir, 'attempt');
    expect(fate(attempt, undefined)).toEqual({ kind: 'never-started' });
    const file = path.join(dir, 'ran');
    execFileSync('/bin/sh', [
      path.resolve(import.meta.dirname, '../../../infra/local/batch/supervise.sh'),
      attempt,
      'touch',
      file,
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it('is found again by its folder', async () => {
    const attempt = path.join(dir, 'found');
    let ended = () => undefined as void;
    const exit = new Promise<void>((resolve) => (ended = resolve));
    const pid = await launch({
      dir: attempt,
      command: ['sleep', '0.5'],
      cwd: dir,
      env: process.env,
      onExit: () => ended(),
    });
    await expect.poll(() => existsSync(path.join(attempt, 'pid'))).toBe(true);
    expect(fate(attempt, undefined)).toEqual({ kind: 'running', pid });
    await exit;
    expect(fate(attempt, undefined)).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  it('counts as vanished when its process id belongs to another process now', () => {
    const attempt = path.join(dir, 'vanished');
    mkdirSync(path.join(attempt, 'claim'), { recursive: true });
    expect(fate(attempt, process.pid)).toEqual({ kind: 'vanished' });
  });
});
