import {
  CancelJobCommand,
  DescribeJobsCommand,
  ListJobsCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalBatch } from '../../../infra/local/batch/server.ts';
import type { Harness } from './harness.ts';
import { startHarness, using, TEST_IDENTITY } from './harness.ts';
import type { Exchange } from './service-model.ts';
import { validateExchanges } from './service-model.ts';

const exchanges: Exchange[] = [];
let h: Harness;
beforeAll(async () => {
  h = await startHarness(exchanges);
});
afterAll(async () => {
  await h.close();
  expect((await validateExchanges(exchanges)).findings).toEqual([]);
});

const ranBefore = async (first: string, second: string): Promise<boolean> =>
  ((await h.describe(first)).stoppedAt ?? Infinity) <= ((await h.describe(second)).startedAt ?? 0);

describe('dependencies', () => {
  it('hold a job in PENDING until what it needs has succeeded', async () => {
    const a = await h.submit({ shell: 'sleep 0.3' });
    const b = await h.submit({ dependsOn: [{ jobId: a }] });
    const c = await h.submit({ dependsOn: [{ jobId: a }, { jobId: b }] });
    await h.until(c, (job) => job.status === 'PENDING');
    expect((await h.finished(c)).status).toBe('SUCCEEDED');
    expect(await ranBefore(a, b)).toBe(true);
    expect(await ranBefore(b, c)).toBe(true);
  });

  it('fail the whole chain behind a failed job', async () => {
    const a = await h.submit({ shell: 'exit 1' });
    const b = await h.submit({ dependsOn: [{ jobId: a }] });
    const c = await h.submit({ dependsOn: [{ jobId: b }] });
    expect(await h.finished(c)).toMatchObject({
      status: 'FAILED',
      statusReason: 'Dependent Job failed',
      attempts: [],
    });
    expect((await h.finished(b)).statusReason).toBe('Dependent Job failed');
  });
});

describe('arrays', () => {
  it('run a child for every index and sum up their states', async () => {
    const id = await h.submit({ shell: 'echo $AWS_BATCH_JOB_ARRAY_INDEX', arrayProperties: { size: 5 } });
    const parent = await h.finished(id);
    expect(parent.status).toBe('SUCCEEDED');
    expect(parent.arrayProperties).toMatchObject({ size: 5, statusSummary: { SUCCEEDED: 5, FAILED: 0 } });
    for (let i = 0; i < 5; i++) {
      expect((await h.describe(`${id}:${i}`)).arrayProperties).toEqual({ index: i });
      expect(await h.log(`${id}:${i}`)).toBe(`${i}\n`);
    }
    const { jobSummaryList } = await h.client.send(
      new ListJobsCommand({ arrayJobId: id, jobStatus: 'SUCCEEDED' }),
    );
    expect(jobSummaryList).toHaveLength(5);
  });

  it('fail when one child fails, after all have ended', async () => {
    const id = await h.submit({
      shell: '[ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] && exit 3; sleep 0.2',
      arrayProperties: { size: 3 },
    });
    const parent = await h.finished(id);
    expect(parent).toMatchObject({ status: 'FAILED', statusReason: 'Array Child Job failed' });
    expect(parent.arrayProperties?.statusSummary).toMatchObject({ SUCCEEDED: 2, FAILED: 1 });
  });

  it('run one child after another when SEQUENTIAL', async () => {
    const id = await h.submit({
      shell: 'sleep 0.05',
      arrayProperties: { size: 4 },
      dependsOn: [{ type: 'SEQUENTIAL' }],
    });
    await h.finished(id);
    for (let i = 1; i < 4; i++) expect(await ranBefore(`${id}:${i - 1}`, `${id}:${i}`)).toBe(true);
  });

  it('wait child by child when N_TO_N', async () => {
    const first = await h.submit({
      shell: '[ $AWS_BATCH_JOB_ARRAY_INDEX = 1 ] && sleep 0.6; true',
      arrayProperties: { size: 2 },
    });
    const second = await h.submit({
      arrayProperties: { size: 2 },
      dependsOn: [{ jobId: first, type: 'N_TO_N' }],
    });
    await h.until(second, (job) => job.arrayProperties?.statusSummary?.['SUCCEEDED'] === 1);
    expect((await h.describe(`${first}:1`)).status).toBe('RUNNING');
    expect((await h.finished(second)).status).toBe('SUCCEEDED');
    expect(await ranBefore(`${first}:1`, `${second}:1`)).toBe(true);
    await expect(
      h.submit({ arrayProperties: { size: 3 }, dependsOn: [{ jobId: first, type: 'N_TO_N' }] }),
    ).rejects.toThrow('do not match');
  });

  it('hold a job that depends on the whole array', async () => {
    const array = await h.submit({ shell: 'sleep 0.2', arrayProperties: { size: 2 } });
    const after = await h.submit({ dependsOn: [{ jobId: array }] });
    await h.finished(after);
    expect(await ranBefore(array, after)).toBe(true);
  });

  it.each([
    ['TerminateJob', TerminateJobCommand, 'isTerminated'],
    ['CancelJob', CancelJobCommand, 'isCancelled'],
  ] as const)('end with %s', async (_name, Command, flag) => {
    await h.admin('capacity', { slots: flag === 'isTerminated' ? 1 : 0 });
    const id = await h.submit({ shell: 'sleep 60', arrayProperties: { size: 3 } });
    const some = flag === 'isTerminated' ? 'RUNNING' : 'RUNNABLE';
    await h.until(id, (job) => (job.arrayProperties?.statusSummary?.[some] ?? 0) > 0);
    await h.client.send(new Command({ jobId: id, reason: 'all of it' }));
    expect(await h.finished(id)).toMatchObject({ status: 'FAILED', statusReason: 'all of it', [flag]: true });
    expect((await h.describe(`${id}:2`)).statusReason).toBe('all of it');
    await h.admin('capacity', { slots: 4 });
  });
});

describe('the children of an array', () => {
  const known = async (harness: Harness, ...jobs: string[]): Promise<(string | undefined)[]> =>
    ((await harness.client.send(new DescribeJobsCommand({ jobs }))).jobs ?? []).map(({ jobId }) => jobId);

  it('are unknown until it has spawned them, in no state and to no call', async () => {
    const late = await startHarness(exchanges, { spawnMs: 400 });
    const id = await late.submit({ arrayProperties: { size: 2 } });
    const { status, createdAt = 0, arrayProperties } = await late.describe(id);
    expect(status).toBe('SUBMITTED');
    expect(arrayProperties).toMatchObject({ size: 2, statusSummary: { SUBMITTED: 0, RUNNABLE: 0 } });
    expect(await known(late, id, `${id}:0`, `${id}:1`)).toEqual([id]);
    for (const jobStatus of ['SUBMITTED', 'PENDING'] as const) {
      const listed = await late.client.send(new ListJobsCommand({ arrayJobId: id, jobStatus }));
      expect(listed.jobSummaryList).toEqual([]);
    }
    // Which does not keep it from running.
    await late.client.send(new TerminateJobCommand({ jobId: `${id}:0`, reason: 'too early' }));
    expect((await late.finished(id)).status).toBe('SUCCEEDED');
    expect(((await late.describe(`${id}:0`)).createdAt ?? 0) - createdAt).toBeGreaterThanOrEqual(400);
    await late.close();
  });

  it.each([
    ['TerminateJob', TerminateJobCommand, 'isTerminated'],
    ['CancelJob', CancelJobCommand, 'isCancelled'],
  ] as const)('never begin when it is ended before by %s', async (_name, Command, flag) => {
    const late = await startHarness(exchanges, { spawnMs: 200 });
    const id = await late.submit({ arrayProperties: { size: 2 } });
    const after = await late.submit({
      arrayProperties: { size: 2 },
      dependsOn: [{ jobId: id, type: 'N_TO_N' }],
    });
    await late.client.send(new Command({ jobId: id, reason: 'not needed' }));
    expect(await late.describe(id)).toMatchObject({
      status: 'FAILED',
      statusReason: 'not needed',
      [flag]: true,
    });
    expect(await late.finished(after)).toMatchObject({ status: 'FAILED' });
    expect(await known(late, `${id}:0`, `${id}:1`)).toEqual([]);
    await late.close();
  });

  it('wait for those of an array that has not spawned them', async () => {
    const late = await startHarness(exchanges, { spawnMs: 300 });
    const first = await late.submit({ shell: 'sleep 0.2', arrayProperties: { size: 2 } });
    const second = await late.submit({
      arrayProperties: { size: 2 },
      dependsOn: [{ jobId: first, type: 'N_TO_N' }],
    });
    expect((await late.finished(second)).status).toBe('SUCCEEDED');
    const [one, other] = await Promise.all([late.describe(`${first}:1`), late.describe(`${second}:1`)]);
    expect(one.stoppedAt ?? Infinity).toBeLessThanOrEqual(other.startedAt ?? 0);
    await late.close();
  });

  it('are spawned by the next endpoint when this one has gone before', async () => {
    const { batch, submit, stateDir, client } = await startHarness(exchanges, { spawnMs: 3_600_000 });
    const id = await submit({ shell: 'echo ran', arrayProperties: { size: 2 } });
    client.destroy();
    await batch.close();
    const next = await startLocalBatch({ credentials: TEST_IDENTITY.credentials, stateDir, spawnMs: 0 });
    const calls = using(next.url, exchanges);
    expect((await calls.finished(id)).status).toBe('SUCCEEDED');
    expect(await Promise.all([calls.log(`${id}:0`), calls.log(`${id}:1`)])).toEqual(['ran\n', 'ran\n']);
    calls.client.destroy();
    await next.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
});

describe('capacity', () => {
  it('says why the first job of the queue waits', async () => {
    await h.admin('capacity', { slots: 0 });
    const drought = await h.submit({ shell: 'true' });
    const job = await h.until(drought, (j) => j.statusReason !== undefined);
    expect(job.status).toBe('RUNNABLE');
    expect(job.statusReason).toMatch(/^CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - .*g5\.xlarge/);
    await h.admin('capacity', { slots: 4 });
    expect((await h.finished(drought)).status).toBe('SUCCEEDED');
    const large = await h.submit({
      containerOverrides: { resourceRequirements: [{ type: 'VCPU', value: '4096' }] },
    });
    expect((await h.until(large, (j) => j.statusReason !== undefined)).statusReason).toMatch(
      /^MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE/,
    );
    await h.client.send(new CancelJobCommand({ jobId: large, reason: 'too large' }));
  });

  it('is filled by an array larger than what is launched at once', async () => {
    await h.admin('capacity', { slots: 80 });
    const id = await h.submit({ shell: 'sleep 600', arrayProperties: { size: 80 } });
    const { arrayProperties } = await h.until(
      id,
      (job) => job.arrayProperties?.statusSummary?.['RUNNING'] === 80,
      60,
    );
    expect(arrayProperties?.size).toBe(80);
    await h.client.send(new TerminateJobCommand({ jobId: id, reason: 'filled' }));
    await h.finished(id, 60);
    await h.admin('capacity', { slots: 4 });
  });

  it('is never exceeded', async () => {
    await h.admin('capacity', { slots: 2 });
    const id = await h.submit({ shell: 'sleep 0.1', arrayProperties: { size: 8 } });
    let most = 0;
    await h.until(id, (job) => {
      const { STARTING = 0, RUNNING = 0 } = job.arrayProperties?.statusSummary ?? {};
      most = Math.max(most, STARTING + RUNNING);
      return job.status === 'SUCCEEDED';
    });
    expect(most).toBe(2);
    await h.admin('capacity', { slots: 4 });
  });
});

it('shows every state to a client that looks', async () => {
  const slow = await startHarness(exchanges, { stateMs: 150 });
  const jobId = await slow.submit({ shell: 'sleep 0.2' });
  const seen = new Set<string | undefined>();
  await slow.until(jobId, (job) => {
    seen.add(job.status);
    return job.status === 'SUCCEEDED';
  });
  expect([...seen]).toEqual(['SUBMITTED', 'STARTING', 'RUNNING', 'SUCCEEDED']);
  await slow.close();
});
