import { CreateComputeEnvironmentCommand, CreateJobQueueCommand } from '@aws-sdk/client-batch';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextChange } from '../../../infra/local/batch/trace.ts';
import type { Harness } from './harness.ts';
import { startHarness } from './harness.ts';
import type { Exchange } from './service-model.ts';
import { validateExchanges } from './service-model.ts';

const exchanges: Exchange[] = [];
let h: Harness;
beforeAll(async () => {
  // An emulated second lasts 10 ms: a two-minute notice 1.2 s, the grace period 0.3 s.
  h = await startHarness(exchanges, { secondMs: 10 });
});
afterAll(async () => {
  await h.close();
  expect((await validateExchanges(exchanges)).findings).toEqual([]);
});

const RETRY_HOST = {
  attempts: 3,
  evaluateOnExit: [
    { onStatusReason: 'Host EC2*', action: 'RETRY' as const },
    { onExitCode: '75', action: 'RETRY' as const },
    { onExitCode: '*', action: 'EXIT' as const },
  ],
};
const stubborn = 'trap "echo term" TERM; echo up; while :; do sleep 0.02; done';

const metadataOf = async (endpoint: string) => {
  const token = await (
    await fetch(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    })
  ).text();
  return async (path: string) => {
    const response = await fetch(`${endpoint}/latest/meta-data/${path}`, {
      headers: { 'x-aws-ec2-metadata-token': token },
    });
    return response.status === 200 ? response.text() : response.status;
  };
};

/**
 * Starts a job whose first attempt runs `script`; the next one succeeds. Returns its metadata endpoint too.
 */
const startJob = async (script: string) => {
  const jobId = await h.submit({
    shell: `[ $AWS_BATCH_JOB_ATTEMPT = 2 ] && exit 0; echo $AWS_EC2_METADATA_SERVICE_ENDPOINT; ${script}`,
    retryStrategy: RETRY_HOST,
  });
  await expect.poll(() => h.log(jobId, 1)).toContain('up\n');
  return { jobId, endpoint: (await h.log(jobId, 1)).split('\n')[0] as string };
};

describe('a reclaim', () => {
  it('gives rebalance recommendation and notice, then SIGTERM, then SIGKILL, and Batch retries', async () => {
    const { jobId, endpoint } = await startJob(stubborn);
    const metadata = await metadataOf(endpoint);
    const instanceId = endpoint.split('/').at(-1) as string;
    expect(await metadata('instance-id')).toBe(instanceId);
    expect(await metadata('instance-type')).toBe('g5.xlarge');
    expect(await metadata('spot/instance-action')).toBe(404);
    expect(await metadata('events/recommendations/rebalance')).toBe(404);

    const asked = Date.now();
    const { value } = await h.admin('reclaim', { jobId, noticeSeconds: 60, rebalanceSeconds: 60 });
    expect(value).toMatchObject({ instanceId, jobId, attempt: 1 });
    expect(JSON.parse(String(await metadata('events/recommendations/rebalance')))).toHaveProperty(
      'noticeTime',
    );
    expect(await metadata('spot/instance-action')).toBe(404);
    await expect.poll(() => metadata('spot/instance-action')).toMatch(/"action":"terminate"/);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(600);
    expect(await h.log(jobId, 1)).not.toContain('term');
    await expect.poll(() => h.log(jobId, 1)).toContain('term\n');
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1200);

    const job = await h.finished(jobId);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1500);
    expect(job.status).toBe('SUCCEEDED');
    expect(job.attempts).toHaveLength(2);
    expect(job.attempts?.[0]?.statusReason).toBe(`Host EC2 (instance ${instanceId}) terminated.`);
    expect(job.attempts?.[0]?.container?.exitCode).toBeUndefined();
    expect(job.attempts?.[1]?.container?.exitCode).toBe(0);
    expect(await metadata('instance-id')).toBe(404);
  });

  it('lets a job that leaves within the notice end with its own exit code', async () => {
    const go = path.join(h.stateDir, 'go');
    const { jobId } = await startJob(`echo up; while [ ! -e ${go} ]; do sleep 0.02; done; exit 75`);
    await h.admin('reclaim', { jobId, noticeSeconds: 120 });
    writeFileSync(go, '');
    const job = await h.finished(jobId);
    expect(job.attempts?.map((a) => [a.statusReason, a.container?.exitCode])).toEqual([
      ['Essential container in task exited', 75],
      ['Essential container in task exited', 0],
    ]);
  });

  it('takes the oldest spot job when none is named, once', async () => {
    const { jobId } = await startJob(stubborn);
    const first = await h.admin('reclaim', { noticeSeconds: 10 });
    expect(first.value).toMatchObject({ jobId });
    const again = await h.admin('reclaim', { jobId, noticeSeconds: 9999 });
    expect(again.value['terminateAt']).toBe(first.value['terminateAt']);
    expect((await h.finished(jobId)).status).toBe('SUCCEEDED');
  });

  it('is refused for jobs that run on no spot instance', async () => {
    await h.client.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: 'on-demand',
        type: 'MANAGED',
        computeResources: { type: 'EC2', maxvCpus: 4, subnets: ['s'], instanceTypes: ['m5.large'] },
      }),
    );
    await h.client.send(
      new CreateJobQueueCommand({
        jobQueueName: 'steady',
        priority: 1,
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'on-demand' }],
      }),
    );
    const jobId = await h.submit({ jobQueue: 'steady', shell: 'sleep 0.5' });
    await h.until(jobId, (job) => job.status === 'RUNNING');
    expect((await h.admin('reclaim', { jobId })).value['message']).toContain('on-demand');
    await h.finished(jobId);
    expect((await h.admin('reclaim', { jobId })).value['message']).toContain('runs on no instance');
    expect((await h.admin('reclaim', {})).status).toBe(400);
    expect((await h.admin('reclaim', { noticeSeconds: -1 })).value['message']).toContain('noticeSeconds');
  });
});

it('asks for a session token, as IMDSv2', async () => {
  const { jobId, endpoint } = await startJob(stubborn);
  const url = `${endpoint}/latest/meta-data/instance-id`;
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { headers: { 'x-aws-ec2-metadata-token': 'wrong' } })).status).toBe(401);
  expect((await fetch(`${endpoint}/latest/api/token`, { method: 'PUT' })).status).toBe(400);
  await h.admin('reclaim', { jobId, noticeSeconds: 0 });
  await h.finished(jobId);
});

describe('a recorded trace', () => {
  it('knows where the series changes', () => {
    expect(nextChange([1, 1, 0, 0, 2], 0)).toBe(2);
    expect(nextChange([1, 1, 0, 0, 2], 2)).toBe(4);
    expect(nextChange([1, 1, 0, 0, 2], 4)).toBeUndefined();
  });

  it('sets capacity over time and reclaims what exceeds it', async () => {
    const jobs = await Promise.all([startJob(stubborn), startJob(stubborn)]);
    // Points last 30 emulated seconds: 300 ms.
    await h.admin('trace', {
      trace: { metadata: { gap_seconds: 300 }, data: [2, 2, 1, 0, 3] },
      timeScale: 10,
      noticeSeconds: 1,
    });
    const { value } = await h.admin('state');
    expect(value['settings']).toMatchObject({ slots: 2 });
    const [first, second] = await Promise.all(jobs.map(({ jobId }) => h.finished(jobId)));
    expect(first?.attempts?.[0]?.statusReason).toMatch(/^Host EC2/);
    expect(second?.attempts?.[0]?.statusReason).toMatch(/^Host EC2/);
    // The newer instance went first.
    expect(second?.attempts?.[0]?.stoppedAt).toBeLessThan(first?.attempts?.[0]?.stoppedAt ?? 0);
    expect((await h.admin('state')).value['settings']).toMatchObject({ slots: 3 });
    await h.admin('capacity', { slots: 4 });
  });

  it('is refused when it is none', async () => {
    const { status, value } = await h.admin('trace', { trace: { metadata: {}, data: [] } });
    expect(status).toBe(400);
    expect(value['message']).toContain('gap_seconds');
  });
});
