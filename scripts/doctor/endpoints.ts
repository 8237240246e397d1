import { randomUUID } from 'node:crypto';
import { BatchClient, DescribeJobDefinitionsCommand, DescribeJobQueuesCommand } from '@aws-sdk/client-batch';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, Connection } from '@temporalio/client';
import { temporalConnection } from '../../containers/worker/temporal-connection.ts';
import { SEARCH_ATTRIBUTES } from '../../nas/protocol/search-attributes.ts';
import type { LoadedConfig } from '../config.ts';
import { describeFailing, failingWorkflows, fixOfFailing } from '../runs/failing-workflows.ts';
import { check, Finding } from './check.ts';
import type { CheckResult } from './check.ts';

/** Reads, writes, deletes, and sees that a conditional write is refused, which checkpoints rely on. */
const bucketCheck = async ({ bucket }: LoadedConfig): Promise<string> => {
  const s3 = new S3Client({ maxAttempts: 2 });
  const target = { Bucket: bucket, Key: `doctor/${randomUUID()}` };
  try {
    await s3.send(new PutObjectCommand({ ...target, Body: 'doctor' }));
    try {
      const { Body } = await s3.send(new GetObjectCommand(target));
      if ((await Body?.transformToString()) !== 'doctor')
        throw new Error('what was written is not what is read');
      const second = await s3
        .send(new PutObjectCommand({ ...target, Body: 'second', IfNoneMatch: '*' }))
        .then(
          () => 'accepted',
          (error: Error) => error.name,
        );
      if (second !== 'PreconditionFailed') {
        throw new Finding(
          `conditional writes are not enforced (${second})`,
          'use Amazon S3, or an S3 server that enforces If-None-Match',
        );
      }
    } finally {
      await s3.send(new DeleteObjectCommand(target));
    }
  } finally {
    s3.destroy();
  }
  return `${bucket}: read, write, delete, conditional write`;
};

const withBatch = async <T>(ask: (batch: BatchClient) => Promise<T>): Promise<T> => {
  const batch = new BatchClient({ maxAttempts: 2 });
  try {
    return await ask(batch);
  } finally {
    batch.destroy();
  }
};

const queueCheck = ({ queue, embedded }: LoadedConfig): Promise<string> =>
  withBatch(async (batch) => {
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [queue] }));
    const [found] = jobQueues;
    if (found === undefined) {
      throw new Finding(
        `there is no job queue ${queue}`,
        embedded ? 'nas up' : 'nas deploy, or name the queue',
      );
    }
    if (found.state !== 'ENABLED' || found.status !== 'VALID') {
      throw new Finding(
        `${queue} is ${found.state}, ${found.status}: ${found.statusReason ?? ''}`,
        'enable the queue',
      );
    }
    return queue;
  });

const definitionCheck = ({ jobDefinition, embedded }: LoadedConfig): Promise<string> =>
  withBatch(async (batch) => {
    const { jobDefinitions = [] } = await batch.send(
      new DescribeJobDefinitionsCommand({ jobDefinitionName: jobDefinition, status: 'ACTIVE' }),
    );
    const newest = Math.max(0, ...jobDefinitions.map(({ revision = 0 }) => revision));
    if (newest === 0) {
      throw new Finding(
        `there is no active job definition ${jobDefinition}`,
        embedded ? 'nas up' : 'nas deploy',
      );
    }
    return `${jobDefinition}:${newest}`;
  });

const withTemporal = async <T>(
  config: LoadedConfig,
  ask: (connection: Connection) => Promise<T>,
): Promise<T> => {
  const connection = await Connection.connect({
    ...temporalConnection(config, process.env),
    connectTimeout: 3_000,
  });
  try {
    return await connection.withDeadline(Date.now() + 5_000, () => ask(connection));
  } finally {
    await connection.close();
  }
};

const attributesCheck = (config: LoadedConfig): Promise<string> =>
  withTemporal(config, async (connection) => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: config.temporalNamespace,
    });
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
    if (missing.length > 0) {
      throw new Finding(
        `missing: ${missing.join(', ')}`,
        config.embedded
          ? 'nas down, then nas up'
          : `temporal operator search-attribute create ${missing.map((name) => `--name ${name} --type ${titleCase(SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES])}`).join(' ')}`,
      );
    }
    return `${Object.keys(SEARCH_ATTRIBUTES).length} search attributes`;
  });

const titleCase = (word: string): string => `${word.charAt(0)}${word.slice(1).toLowerCase()}`;

const workerCheck = (config: LoadedConfig): Promise<string> =>
  withTemporal(config, async (connection) => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: config.temporalNamespace,
      taskQueue: { name: config.taskQueue },
      taskQueueType: 1,
    });
    if (pollers.length === 0) {
      throw new Finding(
        `no worker polls task queue ${config.taskQueue}`,
        config.embedded ? 'nas up' : 'start the worker container with the same NAS_TASK_QUEUE',
      );
    }
    return pollers.map(({ identity }) => identity).join(', ');
  });

/** Whether every run that is under way can go on. */
const runsCheck = (config: LoadedConfig): Promise<string> =>
  withTemporal(config, async (connection) => {
    const client = new Client({ connection, namespace: config.temporalNamespace });
    const failing = await failingWorkflows(client);
    if (failing.length > 0)
      throw new Finding(failing.map(describeFailing).join('; '), fixOfFailing(failing, config));
    return 'none stands still';
  });

/** What the configured endpoints must grant, asked the way a run would. */
export const endpointChecks = (config: LoadedConfig): Promise<CheckResult[]> => {
  const where =
    config.embedded === undefined ? 'check region, credentials and permissions (docs/aws.md)' : 'nas up';
  return Promise.all([
    check('S3 bucket', where, () => bucketCheck(config)),
    check('Batch queue', where, () => queueCheck(config)),
    check('Batch job definition', where, () => definitionCheck(config)),
    check('Temporal namespace', where, () => attributesCheck(config)),
    check('worker', where, () => workerCheck(config)),
    check('runs under way', where, () => runsCheck(config)),
  ]);
};
