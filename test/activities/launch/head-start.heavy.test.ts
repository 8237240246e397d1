import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { createAwsBatchJobs } from '../../../activities/batch/aws-batch-jobs.ts';
import type { LaunchInput } from '../../../activities/contract.ts';
import { createJobWatcher } from '../../../activities/batch/job-watcher.ts';
import { createNoticeWatcher } from '../../../activities/batch/notice-watcher.ts';
import { createProtocolActivities } from '../../../activities/protocol-activities.ts';
import { attemptRecordSchema } from '../../../nas/job/attempt-record.ts';
import type { AttemptRecord } from '../../../nas/job/attempt-record.ts';
import { EXIT_CODES } from '../../../nas/job/outcome.ts';
import { searchJobs } from '../../../nas/protocol/plan.ts';
import { TRAINER_COMMAND } from '../../../nas/job/trainer-job.ts';
import { createDocument, readDocument } from '../../../store/json-documents.ts';
import { countNetwork } from '../../../nas/training/tasks/count-network.ts';
import { keys } from '../../../store/keys.ts';
import { jobKit } from '../../containers/job-kit.ts';
import type { JobKit } from '../../containers/job-kit.ts';
import { defineJob, startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';
import { runRecordForTests } from '../../support/run-record.ts';

/**
 * Passes everything on to the S3 server, but holds back what checkpoints are made of for as long as it is
 * told to.
 */
const startSlowStorage = async (target: string) => {
  const upstream = new URL(target);
  let released = Promise.resolve();
  let release = (): void => undefined;
  const server = createServer((incoming, outgoing) => {
    const checkpoint = incoming.method === 'PUT' && incoming.url?.includes('/checkpoints/') === true;
    void (checkpoint ? released : Promise.resolve()).then(() => {
      const { hostname, port } = upstream;
      const { method = 'GET', url = '/', headers } = incoming;
      const options = { hostname, port, method, path: url, headers, setHost: false };
      incoming.pipe(
        httpRequest(options, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        }).on('error', () => outgoing.destroy()),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => void (released = new Promise((resolve) => (release = resolve))),
    release: () => release(),
    close: () => server.close().closeAllConnections(),
  };
};

let kit: JobKit;
let harness: Harness;
let storage: Awaited<ReturnType<typeof startSlowStorage>>;
beforeAll(async () => {
  kit = await jobKit();
  storage = await startSlowStorage(kit.environment['AWS_ENDPOINT_URL_S3'] ?? '');
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT: _, ...environment } = kit.environment;
  harness = await startHarness([], {
    slots: 2,
    cwd: fileURLToPath(new URL('../../../', import.meta.url)),
    env: { PATH: process.env['PATH'], ...environment, AWS_ENDPOINT_URL_S3: storage.url },
  });
  await defineJob(harness.client, 'trainer', TRAINER_COMMAND, { memory: 2048 });
});
afterAll(async () => {
  storage.close();
  await harness.close();
  kit.close();
});

it('a replacement runs before the job that was reclaimed has written its last checkpoint, and repeats no step', async () => {
  const recipe = { epochs: 2000, batchSize: 16 };
  const record = {
    ...runRecordForTests('run', {
      stages: {
        search: { seeds: [0], network: { channels: 2, layers: 3 }, recipe },
        retrain: { topK: 1 },
        evaluate: { seeds: [0] },
      },
      resources: { memoryMiB: 2048 },
      checkpoint: { everySteps: 0 },
    }),
    dataset: { name: 'tiny', manifest: kit.dataset },
  };
  await createDocument(kit.store, keys.experiment('run'), runRecordSchema, record);
  const batch = createAwsBatchJobs(harness.client);
  const { launchJob } = createProtocolActivities({
    store: kit.store,
    batch,
    watcher: createJobWatcher({ describe: batch.describe, poll: { min: 100, max: 200 } }),
    notices: createNoticeWatcher({ store: kit.store }),
    queue: 'queue',
    jobDefinition: 'trainer',
    deployment: 'default/bucket/0',
    countNetwork,
  });
  const [job] = searchJobs(record.experiment);
  const input: LaunchInput = {
    run: record,
    job: job as LaunchInput['job'],
    earlier: { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 },
  };
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const named: string[] = [];
  environment.on('heartbeat', ({ batchJobId }: { batchJobId: string }) => {
    if (!named.includes(batchJobId)) named.push(batchJobId);
  });
  const launch = environment.run(launchJob, input) as Promise<unknown>;
  launch.catch(() => undefined);
  const job0 = keys.job('run', 'stage-1/seed-0');
  const attempt = (epoch: number): Promise<AttemptRecord | undefined> =>
    readDocument(kit.store, job0.attempt(epoch), attemptRecordSchema);
  const wait = { timeout: 200_000, interval: 100 };

  await expect.poll(() => kit.store.head(job0.progress), wait).toBeDefined();
  storage.hold();
  await harness.admin('reclaim', { jobId: named[0], noticeSeconds: 3600 });
  await expect.poll(() => named, wait).toHaveLength(2);
  const [old, replacement] = named as [string, string];
  await expect
    .poll(async () => (await harness.log(replacement)).includes('still writing its last checkpoint'), wait)
    .toBe(true);
  expect((await harness.describe(old)).status).toBe('RUNNING');
  storage.release();

  await expect.poll(async () => (await attempt(2))?.software, wait).toBeDefined();
  const [first, second] = await Promise.all([attempt(1), attempt(2)]);
  expect(first).toMatchObject({ batchJobId: old, outcome: 'preempted', notice: { kind: 'reclaim' } });
  expect(first?.toStep).toBeGreaterThan(0);
  expect(second).toMatchObject({ batchJobId: replacement, fromStep: first?.toStep });
  const left = await harness.finished(old, 200);
  expect(left.attempts?.map(({ container }) => container?.exitCode)).toEqual([EXIT_CODES.replaced]);

  environment.cancel('CANCELLED');
  await expect(launch).rejects.toThrow('CANCELLED');
  expect((await harness.finished(replacement, 200)).status).toBe('FAILED');
});
