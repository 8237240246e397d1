import { UpdateJobQueueCommand } from '@aws-sdk/client-batch';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAwakeClock } from '../../../infra/local/batch/awake-clock.ts';
import type { Files } from '../../../infra/local/batch/files.ts';
import { diskFiles } from '../../../infra/local/batch/files.ts';
import { createRateLimiter } from '../../../infra/local/batch/rate-limit.ts';
import { startLocalBatch } from '../../../infra/local/batch/server.ts';
import { openState } from '../../../infra/local/batch/state.ts';
import { newStateDir, startHarness, TEST_IDENTITY, using } from './harness.ts';
import type { Exchange } from './service-model.ts';

const HOUR = 3_600_000;
const exchanges: Exchange[] = [];

describe('the awake clock', () => {
  let dir: string;
  let files: Files;
  beforeEach(async () => {
    dir = newStateDir();
    files = await diskFiles(dir);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('counts neither a sleep nor a step back, and goes on where the endpoint before has stopped', async () => {
    let time = 7_000;
    const state = await openState(files);
    const clock = createAwakeClock(state, () => time);
    expect(clock.now()).toBe(0);
    time += 4_000;
    expect(clock.now()).toBe(4_000);
    time += 10 * HOUR;
    expect(clock.now()).toBe(9_000);
    time -= 20 * HOUR;
    expect(clock.now()).toBe(9_000);
    time += 3_000;
    clock.tick();
    await state.flush();
    await state.close();
    const next = await openState(files);
    time = 99 * HOUR;
    const later = createAwakeClock(next, () => time);
    expect(later.now()).toBe(12_000);
    time += 1_000;
    expect(later.stamp()).toBe(13_000);
    expect(next.tables.clock.get('current')).toEqual({ awakeMs: 13_000 });
    await next.close();
  });
});

it('a rate limit does not wait for a clock that was put back', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const limit = createRateLimiter({ SubmitJob: 1_000 });
    limit('SubmitJob');
    vi.setSystemTime(Date.now() - HOUR);
    expect(() => limit('SubmitJob')).not.toThrow();
  } finally {
    vi.useRealTimers();
  }
});

describe('an endpoint', () => {
  let time: number;
  const monotonic = (): number => time;
  const forward = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
  /** Several looks of the endpoint at its jobs. */
  const looks = (): Promise<void> => sleep(350);
  /** Time of an endpoint that is awake, in steps that it sees. */
  const awake = async (seconds: number): Promise<void> => {
    for (let left = seconds; left > 0; left -= 4) {
      time += Math.min(left, 4) * 1000;
      await sleep(130);
    }
  };
  const LONG = { shell: 'exec sleep 60' };

  beforeEach(() => {
    time = 1_000;
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => vi.useRealTimers());

  it('counts the timeout of an attempt while it is awake, whatever its clock says', async () => {
    const h = await startHarness(exchanges, { monotonic });
    const began = Date.now();
    const jobId = await h.submit({ ...LONG, timeout: { attemptDurationSeconds: 60 } });
    await h.until(jobId, (job) => job.status === 'RUNNING');
    forward(10 * HOUR);
    await looks();
    forward(-20 * HOUR);
    await looks();
    time += 10 * HOUR;
    await looks();
    const job = await h.describe(jobId);
    expect(job.status).toBe('RUNNING');
    expect(Math.abs((job.startedAt ?? 0) - began)).toBeLessThan(20_000);
    await awake(48);
    expect((await h.describe(jobId)).status).toBe('RUNNING');
    await awake(12);
    expect((await h.finished(jobId)).statusReason).toBe('Job attempt duration exceeded timeout');
    await h.close();
  });

  it('does not count the hours for which it was down, for timeouts, notices, limits of waiting and retention', async () => {
    const first = await startHarness(exchanges, { monotonic, slots: 1, retentionDays: 1 });
    const stateDir = first.stateDir;
    await first.client.send(
      new UpdateJobQueueCommand({
        jobQueue: 'queue',
        jobStateTimeLimitActions: [
          {
            state: 'RUNNABLE',
            reason:
              'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [g5.xlarge]',
            maxTimeSeconds: 600,
            action: 'CANCEL',
          },
        ],
      }),
    );
    const done = await first.submit({ shell: 'exit 0' });
    await first.finished(done);
    const running = await first.submit({ ...LONG, timeout: { attemptDurationSeconds: 60 } });
    await first.until(running, (job) => job.status === 'RUNNING');
    await first.admin('capacity', { slots: 0 });
    const waiting = await first.submit(LONG);
    await first.until(waiting, (job) => job.statusReason !== undefined);
    await first.admin('reclaim', { jobId: running, noticeSeconds: 100 });
    await first.batch.close();
    first.client.destroy();

    forward(100 * HOUR);
    time = 5;
    const batch = await startLocalBatch({
      ...{ credentials: TEST_IDENTITY.credentials, stateDir, slots: 1, retentionDays: 1, monotonic },
    });
    const calls = using(batch.url, exchanges);
    await looks();
    const statuses = await Promise.all([done, running, waiting].map((id) => calls.describe(id)));
    expect(statuses.map(({ status }) => status)).toEqual(['SUCCEEDED', 'RUNNING', 'RUNNABLE']);
    const { value } = await calls.admin('state');
    const [{ instanceId }] = value['instances'] as [{ instanceId: string }];
    const imds = `${batch.url}/_imds/${instanceId}/latest`;
    const token = await fetch(`${imds}/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    const action = (await (
      await fetch(`${imds}/meta-data/spot/instance-action`, {
        headers: { 'x-aws-ec2-metadata-token': await token.text() },
      })
    ).json()) as { time: string };
    // What is left of the notice, by the clock as it is now.
    expect(Date.parse(action.time) - Date.now()).toBeGreaterThan(80_000);
    expect(Date.parse(action.time) - Date.now()).toBeLessThan(110_000);
    await awake(60);
    expect((await calls.finished(running)).statusReason).toBe('Job attempt duration exceeded timeout');
    expect((await calls.describe(waiting)).status).toBe('RUNNABLE');
    await batch.close();
    calls.client.destroy();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('runs what is submitted when its clock was put back meanwhile', async () => {
    const h = await startHarness(exchanges, { monotonic, spawnMs: 300 });
    const jobId = await h.submit({ shell: 'exit 0', arrayProperties: { size: 2 } });
    forward(-5 * HOUR);
    expect((await h.finished(jobId)).status).toBe('SUCCEEDED');
    await h.close();
  });
});
