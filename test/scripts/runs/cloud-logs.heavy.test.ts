import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RegisterJobDefinitionCommand } from '@aws-sdk/client-batch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InfrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { cloudLog } from '../../../scripts/runs/job-log.ts';
import { startHarness } from '../../infra/batch/harness.ts';
import type { Harness } from '../../infra/batch/harness.ts';
import { startMoto } from '../../support/s3-servers.ts';
import type { TestS3Server } from '../../support/s3-servers.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GROUP = 'trainer-logs';

let moto: TestS3Server;
let batch: Harness;
let client: CloudWatchLogsClient;

beforeAll(async () => {
  moto = await startMoto();
  client = new CloudWatchLogsClient({
    endpoint: moto.endpoint,
    region: 'us-east-1',
    credentials: moto.credentials,
  });
  await client.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  // The run's record would say which deployment the jobs are of.
  const s3 = new S3Client({
    endpoint: moto.endpoint,
    region: 'us-east-1',
    credentials: moto.credentials,
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  s3.destroy();
  batch = await startHarness([], { slots: 2, secondMs: 20 });
});
afterAll(async () => {
  client.destroy();
  await batch.close();
  await moto.stop();
});

const stream = (name: string): Promise<unknown> =>
  client.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName: name }));
let clock = Date.now();
const write = (name: string, ...messages: string[]): Promise<unknown> =>
  client.send(
    new PutLogEventsCommand({
      logGroupName: GROUP,
      logStreamName: name,
      logEvents: messages.map((message) => ({ message, timestamp: clock++ })),
    }),
  );

describe('a log in CloudWatch', () => {
  it('is read to its end, page by page, and goes on where it was left', async () => {
    await stream('long');
    const log = cloudLog(client, GROUP, 'long');
    const read = async (): Promise<string> => new TextDecoder().decode(await log.next());
    expect(await read()).toBe('');
    // Answers hold 10,000 events at most.
    const lines = Array.from({ length: 12_000 }, (_, i) => `line ${i}`);
    for (let i = 0; i < lines.length; i += 6_000) await write('long', ...lines.slice(i, i + 6_000));
    expect(await read()).toBe(`${lines.join('\n')}\n`);
    expect(await read()).toBe('');
    await write('long', 'one more', 'with its own end\n');
    expect(await read()).toBe('one more\nwith its own end\n');
  });

  it('that is not there yet is empty; one that may not be read is an error with its fix', async () => {
    expect(await cloudLog(client, GROUP, 'never').next()).toHaveLength(0);
    const refusing = createServer((_, response) =>
      response
        .writeHead(400, { 'x-amzn-errortype': 'AccessDeniedException' })
        .end('{"message":"not authorized to perform logs:GetLogEvents"}'),
    );
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    const stranger = new CloudWatchLogsClient({
      endpoint: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: moto.credentials,
    });
    try {
      const refused = cloudLog(stranger, GROUP, 'long').next();
      await expect(refused).rejects.toThrow(InfrastructureError);
      await expect(refused).rejects.toThrow(/not authorized[^]*OperatorPolicy/);
    } finally {
      stranger.destroy();
      refusing.close().closeAllConnections();
    }
  });
});

describe('nas logs on AWS', () => {
  it('follows a job over its attempts to its end', async () => {
    await batch.client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'logged',
        type: 'container',
        containerProperties: {
          image: 'test',
          command: ['/bin/sh', '-c', 'test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 60'],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '512' },
          ],
          logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': GROUP } },
        },
      }),
    );
    const jobId = await batch.submit({
      jobName: 'run--stage-1-seed-0-1-abc',
      jobDefinition: 'logged',
      tags: { 'nas-run': 'run', 'nas-job': 'stage-1/seed-0' },
      retryStrategy: { attempts: 2, evaluateOnExit: [{ onStatusReason: 'Host EC2*', action: 'RETRY' }] },
    });
    const first = await batch.until(jobId, (job) => job.status === 'RUNNING');
    const firstStream = first.container?.logStreamName ?? '';
    await stream(firstStream);
    await write(firstStream, 'from the first attempt');
    const nas = spawn(process.execPath, ['scripts/nas.mjs', 'logs', 'run', 'stage-1/seed-0', '-f'], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        AWS_REGION: 'us-east-1',
        // Batch checks signatures; moto takes any.
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_BATCH: batch.batch.url,
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: moto.endpoint,
        AWS_ENDPOINT_URL_S3: moto.endpoint,
        NAS_BUCKET: 'bucket',
        NAS_QUEUE: 'queue',
        NAS_JOB_DEFINITION: 'logged',
        TEMPORAL_ADDRESS: 'nowhere:7233',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, error] = ['', ''];
    nas.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    nas.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    const exited = once(nas, 'exit');
    try {
      await expect.poll(() => out + error, { timeout: 200_000 }).toBe('from the first attempt\n');
      await write(firstStream, 'last words');
      await batch.admin('reclaim', { jobId, noticeSeconds: 0 });
      const job = await batch.finished(jobId);
      const secondStream = job.attempts?.[1]?.container?.logStreamName ?? '';
      expect(secondStream).not.toBe(firstStream);
      await stream(secondStream);
      await write(secondStream, 'from the second attempt');
      expect(await exited, error).toEqual([0, null]);
      expect(out).toBe('from the first attempt\nlast words\nfrom the second attempt\n');
    } finally {
      if (nas.exitCode === null) nas.kill('SIGKILL');
    }
  });
});
