import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand,
  TerminateJobCommand,
  UpdateComputeEnvironmentCommand,
} from '@aws-sdk/client-batch';
import { classifyAttempt } from '../../../nas/job/classify.ts';
import sentences from '../../job/batch-sentences.json' with { type: 'json' };
import type { Harness } from './harness.ts';
import { startHarness } from './harness.ts';
import type { Exchange } from './service-model.ts';
import { validateExchanges } from './service-model.ts';

// The endpoint says what AWS says, word for word: everything that it says is in the table that the classifier
// is held to.

const exchanges: Exchange[] = [];
const MINUTES_10 = 600;
let h: Harness;
beforeAll(async () => {
  // The shortest time limit that AWS allows, 600 emulated seconds, lasts 0.6 s.
  h = await startHarness(exchanges, { secondMs: 1, vcpus: 64, memoryMiB: 65_536, gpus: 1 });
  await h.client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'limited',
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'spot' }],
      jobStateTimeLimitActions: [
        'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
        'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
        'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
      ].map((reason) => ({ action: 'CANCEL', state: 'RUNNABLE', reason, maxTimeSeconds: MINUTES_10 })),
    }),
  );
});
afterAll(async () => {
  await h.close();
  expect((await validateExchanges(exchanges)).findings).toEqual([]);
});

/** Names of machines, images and commands stand for those of the table. */
const normal = (text: string): string =>
  text
    .replace(/i-[0-9a-f]{17}/g, 'i-0123456789abcdef0')
    .replaceAll('registry/missing:1', '111122223333.dkr.ecr.us-east-1.amazonaws.com/trainer:v1')
    .replaceAll('no-such-command-anywhere', 'node');

const rowOf = (statusReason: string | undefined, containerReason?: string) =>
  sentences.find(
    (row) =>
      row.statusReason === normal(statusReason ?? '') &&
      row.containerReason === (containerReason === undefined ? undefined : normal(containerReason)),
  );

const requirements = (type: 'VCPU' | 'MEMORY' | 'GPU', value: number) => ({
  containerOverrides: { resourceRequirements: [{ type, value: String(value) }] },
});

describe('a job that waits', () => {
  it.each([
    [
      'more vCPUs than maxvCpus',
      requirements('VCPU', 4096),
      'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
    ],
    ['more vCPUs than any machine', requirements('VCPU', 128), 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT'],
    [
      'more memory than any machine',
      requirements('MEMORY', 999_999),
      'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
    ],
    ['more GPUs than any machine', requirements('GPU', 8), 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT'],
  ])('is told so and cancelled: %s', async (_, wish, code) => {
    const id = await h.submit({ jobQueue: 'limited', ...wish });
    const waiting = await h.until(id, (job) => job.statusReason !== undefined);
    expect(waiting.status).toBe('RUNNABLE');
    expect(rowOf(waiting.statusReason)?.outcome, waiting.statusReason).toBe('user-error');
    expect(waiting.statusReason).toContain(`${code} - `);
    const job = await h.finished(id);
    expect(job).toMatchObject({
      status: 'FAILED',
      statusReason: `Canceled by JobStateTimeLimit action due to reason: ${code}`,
      isCancelled: true,
    });
    expect(rowOf(job.statusReason)?.outcome).toBe('user-error');
    expect(classifyAttempt({ statusReason: job.statusReason, ended: job.isCancelled })).toBe('user-error');
  });

  it('is told of a drought and cancelled, but not for the time before the drought', async () => {
    await h.admin('capacity', { slots: 0 });
    const id = await h.submit({ jobQueue: 'limited', shell: 'true' });
    const { statusReason } = await h.until(id, (job) => job.statusReason !== undefined);
    expect(rowOf(statusReason)?.outcome, statusReason).toBe('no-capacity');
    const job = await h.finished(id);
    expect(job.statusReason).toBe(
      'Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
    );
    expect((job.stoppedAt ?? 0) - (job.createdAt ?? 0)).toBeGreaterThanOrEqual(MINUTES_10);
    await h.admin('capacity', { slots: 4 });
  });

  it('runs when what was wrong is set right in time', async () => {
    const slow = await startHarness(exchanges, { secondMs: 1000 });
    const id = await slow.submit({ ...requirements('VCPU', 300), shell: 'true' });
    await slow.until(id, (job) => job.statusReason !== undefined);
    await slow.client.send(
      new UpdateComputeEnvironmentCommand({
        computeEnvironment: 'spot',
        computeResources: { maxvCpus: 512 },
      }),
    );
    expect((await slow.finished(id)).status).toBe('SUCCEEDED');
    await slow.close();
  });
});

describe('a job that ends', () => {
  it('says that its image cannot be pulled', async () => {
    await h.client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'missing',
        type: 'container',
        containerProperties: { image: 'registry/missing:1', command: ['true'], vcpus: 1, memory: 64 },
      }),
    );
    await h.admin('images', { unavailable: ['registry/missing:1'] });
    const job = await h.finished(await h.submit({ jobDefinition: 'missing' }));
    expect(rowOf(job.statusReason, job.container?.reason)?.outcome, job.container?.reason).toBe(
      'image-error',
    );
  });

  it('says that its command is not there', async () => {
    const job = await h.finished(
      await h.submit({ containerOverrides: { command: ['no-such-command-anywhere'] } }),
    );
    expect(rowOf(job.statusReason, job.container?.reason)?.outcome, job.container?.reason).toBe(
      'image-error',
    );
    expect(classifyAttempt({ ...job, containerReason: job.container?.reason })).toBe('image-error');
  });

  it('says that its machine was taken away', async () => {
    const id = await h.submit({ shell: 'sleep 60' });
    await h.until(id, (job) => job.status === 'RUNNING');
    await h.admin('reclaim', { jobId: id, noticeSeconds: 0 });
    const job = await h.finished(id);
    expect(rowOf(job.statusReason)?.outcome, job.statusReason).toBe('preempted');
  });

  it.each([
    ['SEGV', 139],
    ['ABRT', 134],
    ['ILL', 132],
    ['BUS', 135],
  ])('gives the signal that its own code died of: %s', async (signal, exitCode) => {
    const job = await h.finished(await h.submit({ shell: `kill -${signal} $$` }));
    expect(job).toMatchObject({ status: 'FAILED', container: { exitCode } });
    expect(classifyAttempt({ exitCode, statusReason: job.statusReason })).toBe('crashed');
  });

  it("gives a person's words, and that it was a person", async () => {
    const reason = 'Job attempt duration exceeded timeout';
    const id = await h.submit({ shell: 'trap "exit 75" TERM; while :; do sleep 0.05; done' });
    await h.until(id, (job) => job.status === 'RUNNING');
    await h.client.send(new TerminateJobCommand({ jobId: id, reason }));
    const job = await h.finished(id);
    expect(job).toMatchObject({ statusReason: reason, isTerminated: true });
    expect(classifyAttempt({ statusReason: reason, ended: job.isTerminated })).toBe('cancelled');
  });
});
