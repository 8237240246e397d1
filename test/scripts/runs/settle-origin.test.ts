import {
  DeregisterJobDefinitionCommand,
  RegisterJobDefinitionCommand,
  type BatchClient,
} from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newestRevision } from '../../../scripts/runs/settle-origin.ts';
import { startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness([]);
  vi.stubEnv('AWS_ENDPOINT_URL_BATCH', harness.batch.url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await harness.close();
});

describe('the revision that a run keeps', () => {
  const register = (client: BatchClient) =>
    client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'kept',
        type: 'container',
        containerProperties: {
          image: 'i',
          command: ['true'],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '128' },
          ],
        },
      }),
    );

  it('is the newest active one, or the one that is named', async () => {
    const { client } = harness;
    await expect(newestRevision(client, 'kept', 'nas up')).rejects.toThrow(
      'there is no active job definition kept. Fix: nas up',
    );
    for (let i = 0; i < 3; i++) await register(client);
    expect(await newestRevision(client, 'kept', 'nas up')).toBe('kept:3');
    await client.send(new DeregisterJobDefinitionCommand({ jobDefinition: 'kept:3' }));
    expect(await newestRevision(client, 'kept', 'nas up')).toBe('kept:2');
    expect(await newestRevision(client, 'kept:1', 'nas up')).toBe('kept:1');
  });
});
