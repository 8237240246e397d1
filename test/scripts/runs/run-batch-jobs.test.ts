import { CreateComputeEnvironmentCommand, CreateJobQueueCommand } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { runBatchJobs } from '../../../scripts/runs/run-batch-jobs.ts';
import type { LoadedConfig } from '../../../scripts/config.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';
import { runRecordForTests } from '../../support/run-record.ts';

const stored = vi.hoisted(() => ({ store: undefined as ObjectStore | undefined }));
vi.mock('../../../store/s3-object-store.ts', () => ({ createS3ObjectStore: () => stored.store }));

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness([]);
  vi.stubEnv('AWS_ENDPOINT_URL_BATCH', harness.batch.url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const machines = { computeEnvironmentName: 'other-machines', type: 'MANAGED' as const };
  await harness.client.send(
    new CreateComputeEnvironmentCommand({
      ...machines,
      computeResources: { type: 'EC2', maxvCpus: 4, subnets: [], securityGroupIds: [] },
    }),
  );
  await harness.client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'other',
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'other-machines' }],
    }),
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await harness.close();
});

it('the jobs of a run are found in the queue that its experiment names', async () => {
  stored.store = createMemoryObjectStore();
  const record = runRecordForTests('elsewhere', { resources: { queue: 'other' } });
  await createDocument(stored.store, keys.experiment('elsewhere'), runRecordSchema, record);
  const tags = { 'nas-run': 'elsewhere', 'nas-job': 'stage-1/seed-0' };
  const submitted = await harness.submit({ jobName: 'elsewhere--a', jobQueue: 'other', tags, shell: 'true' });
  const config = { queue: 'queue', bucket: 'nas' } as LoadedConfig;
  const jobs = await runBatchJobs(config, 'elsewhere');
  expect(jobs.map(({ jobId, batchJobId }) => [jobId, batchJobId])).toEqual([['stage-1/seed-0', submitted]]);
});
