import {
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import type { CRType } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InfrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { InputError } from '../../../nas/core/input-error.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { checkResources } from '../../../scripts/runs/check-resources.ts';
import { startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';

const CLOUD = { queue: 'queue', jobDefinition: 'shell', source: 'nas.config.yaml' };
const EMBEDDED = { ...CLOUD, source: 'embedded stack', embedded: { home: '', batch: '', temporalUi: '' } };

const check = (
  config: Parameters<typeof checkResources>[0],
  ...overrides: string[]
): Promise<number | undefined> =>
  checkResources(
    config,
    loadExperiment(
      'name: toy\nspace: { name: darts-cnn }\nstrategy: { name: darts }\ntask: { data: toy }\nstages: { retrain: { topK: 1 } }\n',
      { file: 'toy.yaml', overrides },
    ),
  );

const pointAt = (url: string): void => {
  vi.stubEnv('AWS_ENDPOINT_URL_BATCH', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
};

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness([]);
  pointAt(harness.batch.url);
  const queue = async (
    name: string,
    type: CRType,
    instanceTypes: string[],
    state: 'ENABLED' | 'DISABLED' = 'ENABLED',
  ): Promise<void> => {
    await harness.client.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: `${name}-machines`,
        type: 'MANAGED',
        state,
        computeResources: { type, maxvCpus: 64, instanceTypes, subnets: [], securityGroupIds: [] },
      }),
    );
    await harness.client.send(
      new CreateJobQueueCommand({
        jobQueueName: name,
        priority: 1,
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: `${name}-machines` }],
      }),
    );
  };
  await queue('cpu', 'EC2', ['c6i.2xlarge', 'm7i.xlarge']);
  await queue('fargate', 'FARGATE_SPOT', []);
  await queue('asleep', 'EC2', ['c6i'], 'DISABLED');
  await queue('closed', 'EC2', ['c6i']);
  await harness.client.send(new UpdateJobQueueCommand({ jobQueue: 'closed', state: 'DISABLED' }));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await harness.close();
});

describe('resources that a queue never gives', () => {
  it.each<[string, string[], gpuMemoryMiB?: number]>([
    ['a GPU where there are GPUs', ['resources.gpus=1', 'resources.vcpus=4'], 24 * 1024],
    ['a whole machine', ['resources.queue=cpu', 'resources.vcpus=8', 'resources.memoryMiB=16000']],
    ['a whole task', ['resources.queue=fargate', 'resources.vcpus=16', 'resources.memoryMiB=122880']],
  ])('are not %s', async (_, overrides, gpuMemoryMiB) => {
    expect(await check(CLOUD, ...overrides)).toBe(gpuMemoryMiB);
  });

  it.each<[string, string[], RegExp[]]>([
    [
      'more vCPUs than there are',
      ['resources.vcpus=999999'],
      [
        /^--set resources\.vcpus: 999999 .*at most 4 vCPUs.*queue queue offers: spot \(g5\.xlarge\)/,
        /ask for less/,
      ],
    ],
    [
      'more memory than any machine has',
      ['resources.memoryMiB=99999999'],
      [/^--set resources\.memoryMiB: 99999999/],
    ],
    [
      'a GPU of machines without',
      ['resources.queue=cpu', 'resources.gpus=1'],
      [/^--set resources\.gpus: 1 .*at most 0 GPUs/, /set resources\.gpus to 0/],
    ],
    [
      'a GPU of Fargate',
      ['resources.queue=fargate', 'resources.gpus=1'],
      [/resources\.gpus: 1/, /\(Fargate\)/],
    ],
    ['a task that is too large', ['resources.queue=fargate', 'resources.vcpus=32'], [/at most 16 vCPUs/]],
    [
      'what no single machine has together',
      ['resources.queue=cpu', 'resources.vcpus=8', 'resources.memoryMiB=30000'],
      [/resources: \{"vcpus":8,"memoryMiB":30000,"gpus":0\}/, /c6i\.2xlarge.*m7i\.xlarge/],
    ],
    [
      'several at once',
      ['resources.vcpus=999999', 'resources.gpus=99'],
      [/resources\.vcpus: 999999.*\n--set resources\.gpus: 99/],
    ],
    [
      'a queue that is not there',
      ['resources.queue=queu'],
      [/^--set resources\.queue: "queu" .*asleep, closed, cpu, fargate, queue/, /did you mean queue\?/],
    ],
    [
      'a queue that is disabled',
      ['resources.queue=closed'],
      [/resources\.queue: "closed" .*closed is disabled/],
    ],
    [
      'a queue without machines',
      ['resources.queue=asleep'],
      [/no compute environment that starts jobs \(asleep-machines is disabled\)/],
    ],
  ])('are refused: %s', async (_, overrides, patterns) => {
    const refused = check(CLOUD, ...overrides);
    await expect(refused).rejects.toThrow(InputError);
    for (const pattern of [...patterns, /Allowed: .+\. Fix: .+/])
      await expect(refused).rejects.toThrow(pattern);
  });

  it('name the configuration where the experiment names nothing', async () => {
    await expect(check({ ...CLOUD, queue: 'gone', jobDefinition: 'trainer' })).rejects.toThrow(
      /^nas\.config\.yaml: queue: "gone" .*\nnas\.config\.yaml: jobDefinition: "trainer" .*nas deploy/,
    );
    await expect(check({ ...CLOUD, jobDefinition: 'shell:7' })).rejects.toThrow(/jobDefinition: "shell:7"/);
    await expect(check({ ...CLOUD, jobDefinition: 'shell:1' })).resolves.toBeUndefined();
  });

  it('are those of this machine on the embedded stack', async () => {
    await expect(check(EMBEDDED, 'resources.gpus=1')).rejects.toThrow(
      /at most 0 GPUs.*spot \(this machine\)/,
    );
    await expect(check(EMBEDDED, 'resources.memoryMiB=99999999')).rejects.toThrow(/memoryMiB: 99999999/);
    await expect(check(EMBEDDED, 'resources.vcpus=257')).rejects.toThrow(/at most 256 vCPUs/);
    await expect(check(EMBEDDED)).resolves.toBeUndefined();
    await expect(check({ ...EMBEDDED, queue: 'gone' })).rejects.toThrow(InfrastructureError);
  });

  it('cannot be told where Batch does not answer', async () => {
    pointAt('http://127.0.0.1:1');
    try {
      await expect(check(CLOUD)).rejects.toThrow(InfrastructureError);
    } finally {
      pointAt(harness.batch.url);
    }
  });
});
