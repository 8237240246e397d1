import { CreateComputeEnvironmentCommand, UpdateJobQueueCommand } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InfrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { InputError } from '../../../nas/core/input-error.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { settleParallelism } from '../../../scripts/runs/settle-parallelism.ts';
import { startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';

const CONFIG = { queue: 'queue' };

const experiment = (...overrides: string[]) =>
  loadExperiment(
    '{ name: toy, space: { name: darts-cnn }, strategy: { name: darts }, task: { data: toy }, stages: {} }',
    {
      file: 'toy.yaml',
      overrides,
    },
  ).experiment;
const parallelism = async (...overrides: string[]): Promise<number> =>
  (await settleParallelism(CONFIG, experiment(...overrides))).resources.parallelism;
const EVOLUTION = ['strategy.name=regularized-evolution', 'stages.search.evaluations=40'];

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
  const environment = (computeEnvironmentName: string, state: 'ENABLED' | 'DISABLED') =>
    harness.client.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName,
        type: 'MANAGED',
        state,
        computeResources: { type: 'EC2', maxvCpus: 44, subnets: [], securityGroupIds: [] },
      }),
    );
  await environment('more', 'ENABLED');
  await environment('off', 'DISABLED');
  await harness.client.send(
    new UpdateJobQueueCommand({
      jobQueue: 'queue',
      computeEnvironmentOrder: ['spot', 'more', 'off'].map((computeEnvironment, order) => ({
        order,
        computeEnvironment,
      })),
    }),
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await harness.close();
});

describe('jobs in flight of an experiment that names no number', () => {
  it('are as many as the enabled environments of its queue hold', async () => {
    expect(await parallelism()).toBe(256 + 44);
    expect(await parallelism('resources.vcpus=8')).toBe(37);
    expect(await parallelism('resources.queue=queue', 'resources.vcpus=1000')).toBe(1);
  });

  it('are at most the evaluations of a search by trials', async () => {
    expect(await parallelism(...EVOLUTION)).toBe(40);
    expect(await parallelism(...EVOLUTION, 'resources.vcpus=10')).toBe(30);
  });

  it('are those that it names, whatever the queue', async () => {
    expect(await parallelism('resources.parallelism=7', 'resources.queue=nowhere')).toBe(7);
  });

  it('refuses a queue that does not exist', async () => {
    await expect(settleParallelism(CONFIG, experiment('resources.queue=nowhere'))).rejects.toThrow(
      InputError,
    );
    await expect(settleParallelism({ queue: 'gone' }, experiment())).rejects.toThrow(
      'DescribeJobQueues knows no queue gone',
    );
  });

  it('says which call failed', async () => {
    const throttled = await startHarness([], { rateLimits: { DescribeComputeEnvironments: 0 } });
    try {
      pointAt(throttled.batch.url);
      const failed = settleParallelism(CONFIG, experiment());
      await expect(failed).rejects.toThrow(InfrastructureError);
      await expect(failed).rejects.toThrow('DescribeComputeEnvironments');
      pointAt('http://127.0.0.1:1');
      await expect(parallelism()).rejects.toThrow(/DescribeJobQueues.*ECONNREFUSED/);
    } finally {
      await throttled.close();
      pointAt(harness.batch.url);
    }
  });
});
