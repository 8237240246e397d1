import {
  CancelJobCommand,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DeleteComputeEnvironmentCommand,
  DeleteJobQueueCommand,
  DeregisterJobDefinitionCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  GetJobQueueSnapshotCommand,
  ListJobsCommand,
  ListTagsForResourceCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TagResourceCommand,
  TerminateJobCommand,
  UntagResourceCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
  type ComputeResource,
  type CreateJobQueueCommandInput,
  type SubmitJobCommandInput,
} from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedFetch } from '../../../store/signed-fetch.ts';
import type { Harness } from './harness.ts';
import { defineJob, startHarness, TEST_IDENTITY } from './harness.ts';
import type { Exchange } from './service-model.ts';
import { runPython, validateExchanges } from './service-model.ts';

const exchanges: Exchange[] = [];
let h: Harness;
beforeAll(async () => {
  h = await startHarness(exchanges);
});
afterAll(() => h.close());

const computeResources: ComputeResource = {
  type: 'EC2',
  maxvCpus: 8,
  subnets: ['s'],
  instanceTypes: ['m5'],
};
const rejection = async (call: Promise<unknown>): Promise<{ name: string; message: string }> => {
  try {
    await call;
  } catch (error) {
    return error as { name: string; message: string };
  }
  throw new Error('the call was not refused');
};

describe('compute environments', () => {
  it('are created, described, updated and deleted', async () => {
    const made = await h.client.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: 'on-demand',
        type: 'MANAGED',
        computeResources,
        tags: { team: 'nas' },
      }),
    );
    const read = async () =>
      (
        await h.client.send(
          new DescribeComputeEnvironmentsCommand({
            computeEnvironments: [made.computeEnvironmentArn as string],
          }),
        )
      ).computeEnvironments;
    expect(await read()).toMatchObject([
      { computeEnvironmentName: 'on-demand', state: 'ENABLED', status: 'VALID', tags: { team: 'nas' } },
    ]);
    await h.client.send(
      new UpdateComputeEnvironmentCommand({
        computeEnvironment: 'on-demand',
        state: 'DISABLED',
        computeResources: { maxvCpus: 16 },
      }),
    );
    expect(await read()).toMatchObject([
      { state: 'DISABLED', computeResources: { type: 'EC2', maxvCpus: 16 } },
    ]);
    await h.client.send(new DeleteComputeEnvironmentCommand({ computeEnvironment: 'on-demand' }));
    expect(await read()).toEqual([]);
  });

  it('cannot be made twice, nor deleted while enabled or in use', async () => {
    const input = {
      computeEnvironmentName: 'spot',
      type: 'MANAGED',
      computeResources,
    } as const;
    expect(await rejection(h.client.send(new CreateComputeEnvironmentCommand(input)))).toMatchObject({
      name: 'ClientException',
      message: 'Object already exists',
    });
    const remove = () => h.client.send(new DeleteComputeEnvironmentCommand({ computeEnvironment: 'spot' }));
    expect((await rejection(remove())).message).toContain('must be DISABLED');
    const setState = (state: 'ENABLED' | 'DISABLED') =>
      h.client.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: 'spot', state }));
    await setState('DISABLED');
    expect((await rejection(remove())).message).toContain('found existing JobQueue relationship');
    await setState('ENABLED');
  });
});

describe('job queues', () => {
  it('are created, described, updated and deleted with their jobs', async () => {
    await h.client.send(
      new CreateJobQueueCommand({
        jobQueueName: 'second',
        priority: 5,
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'spot' }],
      }),
    );
    const update = (state: 'ENABLED' | 'DISABLED') =>
      h.client.send(new UpdateJobQueueCommand({ jobQueue: 'second', state, priority: 7 }));
    const jobId = await h.submit({ jobQueue: 'second', shell: 'sleep 60' });
    expect(
      (await rejection(h.client.send(new DeleteJobQueueCommand({ jobQueue: 'second' })))).message,
    ).toContain('must be DISABLED');
    await update('DISABLED');
    const { jobQueues } = await h.client.send(new DescribeJobQueuesCommand({ jobQueues: ['second'] }));
    expect(jobQueues).toMatchObject([{ state: 'DISABLED', priority: 7, status: 'VALID' }]);
    expect((await rejection(h.submit({ jobQueue: 'second' }))).message).toContain('not ENABLED');
    await h.client.send(new DeleteJobQueueCommand({ jobQueue: 'second' }));
    expect((await h.finished(jobId)).statusReason).toBe('Job queue deleted');
    expect((await h.client.send(new DescribeJobQueuesCommand({ jobQueues: ['second'] }))).jobQueues).toEqual(
      [],
    );
  });
});

describe('job definitions', () => {
  const register = (command: string[]) => defineJob(h.client, 'revised', command);

  it('count revisions; a name means the newest active one', async () => {
    const first = await register(['echo', '1']);
    const second = await register(['echo', '2']);
    expect([first.revision, second.revision]).toEqual([1, 2]);
    const used = async (jobDefinition: string) => {
      const jobId = await h.submit({ jobDefinition });
      await h.finished(jobId);
      return (await h.log(jobId)).trim();
    };
    expect(await used('revised')).toBe('2');
    expect(await used('revised:1')).toBe('1');
    expect(await used(first.jobDefinitionArn as string)).toBe('1');
    await h.client.send(new DeregisterJobDefinitionCommand({ jobDefinition: 'revised:2' }));
    expect(await used('revised')).toBe('1');
    expect((await rejection(h.submit({ jobDefinition: 'revised:2' }))).message).toContain('not ACTIVE');
    expect((await register(['echo', '3'])).revision).toBe(3);
    const list = async (status?: string) =>
      (
        await h.client.send(
          new DescribeJobDefinitionsCommand({
            jobDefinitionName: 'revised',
            ...(status === undefined ? {} : { status }),
          }),
        )
      ).jobDefinitions?.map((d) => d.revision);
    expect(await list('ACTIVE')).toEqual([1, 3]);
    expect(await list('INACTIVE')).toEqual([2]);
  });

  it('are given page by page', async () => {
    const revisions: (number | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await h.client.send(
        new DescribeJobDefinitionsCommand({
          jobDefinitionName: 'revised',
          maxResults: 2,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      );
      revisions.push(...(answer.jobDefinitions ?? []).map((d) => d.revision));
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    expect(revisions).toEqual([1, 2, 3]);
  });
});

describe('ListJobs', () => {
  it('returns running jobs only, unless a status or a filter is given', async () => {
    const running = await h.submit({ jobName: 'list-running', shell: 'sleep 60' });
    const failed = await h.submit({ jobName: 'list-failed', shell: 'exit 1' });
    await h.finished(failed);
    await h.until(running, (job) => job.status === 'RUNNING');
    const ids = async (input: object) =>
      (await h.client.send(new ListJobsCommand({ jobQueue: 'queue', ...input }))).jobSummaryList?.map(
        (job) => job.jobId,
      );
    expect(await ids({})).toEqual([running]);
    expect(await ids({ jobStatus: 'FAILED' })).toContain(failed);
    expect(await ids({ filters: [{ name: 'JOB_NAME', values: ['LIST-*'] }] })).toEqual([failed, running]);
    expect(await ids({ filters: [{ name: 'JOB_NAME', values: ['list-failed'] }] })).toEqual([failed]);
    const { createdAt = 0, jobDefinition = '' } = await h.describe(failed);
    expect(await ids({ filters: [{ name: 'AFTER_CREATED_AT', values: [String(createdAt)] }] })).not.toContain(
      failed,
    );
    expect(
      await ids({ filters: [{ name: 'BEFORE_CREATED_AT', values: [String(createdAt + 1)] }] }),
    ).toContain(failed);
    for (const value of ['shell', 'she*', jobDefinition])
      expect(await ids({ filters: [{ name: 'JOB_DEFINITION', values: [value] }] })).toContain(failed);
    expect(await ids({ filters: [{ name: 'JOB_DEFINITION', values: ['other'] }] })).toEqual([]);
    await h.client.send(new TerminateJobCommand({ jobId: running, reason: 'listed' }));
    await h.finished(running);
  });

  it('gives every job once, page by page, while new ones arrive', async () => {
    const wanted = new Set<string>();
    for (let i = 0; i < 7; i++) wanted.add(await h.submit({ jobName: `page-${i}` }));
    for (const id of wanted) await h.finished(id);
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await h.client.send(
        new ListJobsCommand({
          jobQueue: 'queue',
          filters: [{ name: 'JOB_NAME', values: ['page-*'] }],
          maxResults: 3,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      );
      seen.push(...(answer.jobSummaryList ?? []).map((job) => job.jobId as string));
      nextToken = answer.nextToken;
      await h.submit({ jobName: 'page-late' });
    } while (nextToken !== undefined);
    expect(seen.toSorted()).toEqual([...wanted].toSorted());
  });

  it('needs exactly one of queue and array', async () => {
    expect((await rejection(h.client.send(new ListJobsCommand({})))).name).toBe('ClientException');
  });
});

describe('DescribeJobs', () => {
  it('leaves out unknown ids and refuses more than 100', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect((await h.client.send(new DescribeJobsCommand({ jobs: [unknown] }))).jobs).toEqual([]);
    const many = Array.from({ length: 101 }, () => unknown);
    expect(await rejection(h.client.send(new DescribeJobsCommand({ jobs: many })))).toMatchObject({
      name: 'ClientException',
      message: expect.stringContaining("'jobs'") as string,
    });
  });
});

describe('cancelling', () => {
  it('ends a job that waits and lets a running one go on', async () => {
    await h.admin('capacity', { slots: 1 });
    const running = await h.submit({ shell: 'sleep 0.5' });
    await h.until(running, (job) => job.status === 'RUNNING');
    const waiting = await h.submit({ shell: 'true' });
    for (const jobId of [running, waiting])
      await h.client.send(new CancelJobCommand({ jobId, reason: 'not needed' }));
    expect(await h.finished(waiting)).toMatchObject({
      status: 'FAILED',
      statusReason: 'not needed',
      isCancelled: true,
      attempts: [],
    });
    expect((await h.finished(running)).status).toBe('SUCCEEDED');
    await h.admin('capacity', { slots: 4 });
  });

  it.each([CancelJobCommand, TerminateJobCommand])(
    'takes an unknown job for one that has ended',
    async (Command) => {
      const { $metadata } = await h.client.send(new Command({ jobId: 'nothing', reason: 'x' }));
      expect($metadata.httpStatusCode).toBe(200);
    },
  );
});

describe('tags', () => {
  it('are added, listed and removed', async () => {
    const { jobArn = '' } = await h.client.send(
      new SubmitJobCommand({
        jobName: 'tagged',
        jobQueue: 'queue',
        jobDefinition: 'shell',
        tags: { a: '1' },
      }),
    );
    const list = async () =>
      (await h.client.send(new ListTagsForResourceCommand({ resourceArn: jobArn }))).tags;
    await h.client.send(new TagResourceCommand({ resourceArn: jobArn, tags: { b: '2' } }));
    expect(await list()).toEqual({ a: '1', b: '2' });
    await h.client.send(new UntagResourceCommand({ resourceArn: jobArn, tagKeys: ['a', 'b'] }));
    expect(await list()).toBeUndefined();
  });
});

describe('GetJobQueueSnapshot', () => {
  it('gives the first 100 jobs that wait, since when each is where it is, and the vCPUs in use', async () => {
    await h.admin('capacity', { slots: 1 });
    const running = await h.submit({ shell: 'sleep 60' });
    await h.until(running, (job) => job.status === 'RUNNING');
    const [first, second] = [await h.submit({}), await h.submit({})];
    const array = await h.submit({ arrayProperties: { size: 150 } });
    await h.until(array, (job) => job.arrayProperties?.statusSummary?.['RUNNABLE'] === 150);
    const look = async () => {
      const { frontOfQueue, queueUtilization } = await h.client.send(
        new GetJobQueueSnapshotCommand({ jobQueue: 'queue' }),
      );
      const front = frontOfQueue?.jobs ?? [];
      return {
        ids: front.map(({ jobArn }) => jobArn?.split('/').at(-1)),
        since: front.map(({ earliestTimeAtPosition = 0 }) => earliestTimeAtPosition),
        usage: queueUtilization?.totalCapacityUsage,
      };
    };
    const before = await look();
    expect(before.ids).toHaveLength(100);
    expect(before.ids.slice(0, 4)).toEqual([first, second, `${array}:0`, `${array}:1`]);
    expect(before.usage).toEqual([{ capacityUnit: 'VCPU', quantity: 1 }]);
    await h.client.send(new CancelJobCommand({ jobId: second, reason: 'x' }));
    await h.finished(second);
    const after = await look();
    expect(after.ids.slice(0, 2)).toEqual([first, `${array}:0`]);
    expect(after.ids.at(-1)).toBe(`${array}:98`);
    expect(after.since[0]).toBe(before.since[0]);
    expect(after.since[1]).toBeGreaterThan(before.since[1] ?? 0);
    for (const jobId of [first, array, running])
      await h.client.send(new TerminateJobCommand({ jobId, reason: 'x' }));
    await h.finished(running);
    expect((await look()).ids).toEqual([]);
    await h.admin('capacity', { slots: 4 });
  });

  it('is of a queue that exists', async () => {
    const error = await rejection(h.client.send(new GetJobQueueSnapshotCommand({ jobQueue: 'nowhere' })));
    expect(error).toMatchObject({ name: 'ClientException', message: expect.stringContaining('nowhere') });
  });
});

/** A submission that asks for so much of one resource. */
const demanding = (type: 'VCPU' | 'MEMORY' | 'GPU', value: string): Partial<SubmitJobCommandInput> => ({
  containerOverrides: { resourceRequirements: [{ type, value }] },
});
const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag-${i}`, 'x']));

describe('wrong requests', () => {
  it.each([
    ['an unknown queue', { jobQueue: 'nowhere' }, 'JobQueue nowhere not found'],
    ['an unknown definition', { jobDefinition: 'nothing' }, 'JobDefinition nothing not found'],
    ['an invalid name', { jobName: 'a b' }, 'Value "a b" at \'jobName\' failed'],
    ['a timeout below a minute', { timeout: { attemptDurationSeconds: 5 } }, 'attemptDurationSeconds'],
    ['too many attempts', { retryStrategy: { attempts: 11 } }, 'retryStrategy.attempts'],
    ['an array of one', { arrayProperties: { size: 1 } }, 'arrayProperties.size'],
    ['a dependency on nothing', { dependsOn: [{ jobId: 'none' }] }, 'Job none does not exist'],
    [
      'a variable of Batch',
      { containerOverrides: { environment: [{ name: 'AWS_BATCH_X', value: '' }] } },
      'must not start with',
    ],
    ['no vCPU', demanding('VCPU', '0'), 'at least 1'],
    ['half a vCPU', demanding('VCPU', '0.5'), 'at least 1'],
    ['a number that is none', demanding('VCPU', 'two'), 'Member must be a number'],
    ['less memory than 4 MiB', demanding('MEMORY', '3'), 'greater than or equal to 4'],
    ['half a MiB', demanding('MEMORY', '64.5'), 'Member must be an integer'],
    ['no GPU', demanding('GPU', '0'), 'greater than or equal to 1'],
    ['half a GPU', demanding('GPU', '0.5'), 'Member must be an integer'],
    ['a share of a queue without shares', { shareIdentifier: 'a' }, 'share identifier'],
    [
      'rules without a number of attempts',
      { retryStrategy: { evaluateOnExit: [{ onExitCode: '75', action: 'RETRY' }] } },
      'attempts must be specified too',
    ],
    [
      'a pattern with an asterisk in its middle',
      { retryStrategy: { attempts: 2, evaluateOnExit: [{ onReason: 'Host*EC2', action: 'RETRY' }] } },
      'onReason',
    ],
    ['51 tags', { tags: numbered(51) }, 'at most 50 tags'],
    ['a tag of AWS itself', { tags: { 'aws:batch:x': '1' } }, 'must not begin with aws:'],
    ['the same in capitals', { tags: { 'AWS:x': '1' } }, 'must not begin with aws:'],
    ['a key of 129 characters', { tags: { ['k'.repeat(129)]: '1' } }, '1 to 128 characters'],
    ['a value of 257 characters', { tags: { a: 'v'.repeat(257) } }, 'at most 256 characters'],
    ['a tag with a comma', { tags: { a: '1,2' } }, '_.:/=+-@'],
    ['more than 30 KiB', { parameters: { script: 'x'.repeat(30 * 1024) } }, 'bytes'],
  ] satisfies [string, Partial<SubmitJobCommandInput>, string][])(
    '%s is refused',
    async (_name, input, message) => {
      const error = await rejection(h.submit(input));
      expect(error.name).toBe('ClientException');
      expect(error.message).toContain(message);
    },
  );

  it('what AWS allows just about is taken', async () => {
    const id = await h.submit({ tags: numbered(50), ...demanding('VCPU', '1') });
    expect((await h.finished(id)).status).toBe('SUCCEEDED');
    const error = await rejection(
      h.client.send(
        new TagResourceCommand({
          resourceArn: (await h.describe(id)).jobArn as string,
          tags: { further: '1' },
        }),
      ),
    );
    expect(error.message).toContain('at most 50 tags');
  });

  it.each([CancelJobCommand, TerminateJobCommand])(
    'a reason is at most 1,024 characters',
    async (Command) => {
      const end = (length: number) =>
        h.client.send(new Command({ jobId: 'nothing', reason: 'x'.repeat(length) }));
      await end(1024);
      expect((await rejection(end(1025))).message).toContain('reason');
    },
  );

  it.each([
    ['half a vCPU on EC2', ['EC2'], { VCPU: '0.5', MEMORY: '1024' }, 'at least 1'],
    ['three vCPUs on Fargate', ['FARGATE'], { VCPU: '3', MEMORY: '8192' }, 'one of 0.25'],
    ['memory that Fargate has not', ['FARGATE'], { VCPU: '0.5', MEMORY: '8192' }, 'no such memory'],
    ['a GPU on Fargate', ['FARGATE'], { VCPU: '4', MEMORY: '8192', GPU: '1' }, 'no GPUs'],
    ['half a vCPU on Fargate', ['FARGATE'], { VCPU: '0.5', MEMORY: '1024' }, undefined],
  ] as const)('a definition: %s', async (_name, platforms, demand, message) => {
    const registered = h.client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'demanding',
        type: 'container',
        platformCapabilities: [...platforms],
        containerProperties: {
          image: 'i',
          resourceRequirements: Object.entries(demand).map(([type, value]) => ({
            type: type as keyof typeof demand,
            value,
          })),
        },
      }),
    );
    if (message === undefined) expect((await registered).revision).toBe(1);
    else expect((await rejection(registered)).message).toContain(message);
  });

  it('a queue is of EC2 or of Fargate, and its time limits cancel', async () => {
    await h.client.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: 'fargate',
        type: 'MANAGED',
        computeResources: { type: 'FARGATE', maxvCpus: 8, subnets: ['s'] },
      }),
    );
    const create = (
      environments: string[],
      jobStateTimeLimitActions: CreateJobQueueCommandInput['jobStateTimeLimitActions'] = [],
    ) =>
      h.client.send(
        new CreateJobQueueCommand({
          jobQueueName: 'mixed',
          priority: 1,
          computeEnvironmentOrder: environments.map((computeEnvironment, i) => ({
            order: i + 1,
            computeEnvironment,
          })),
          jobStateTimeLimitActions,
        }),
      );
    expect((await rejection(create(['spot', 'fargate']))).message).toContain('cannot be mixed');
    const limit = { state: 'RUNNABLE', reason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY' } as const;
    expect(
      (await rejection(create(['spot'], [{ ...limit, action: 'TERMINATE', maxTimeSeconds: 600 }]))).message,
    ).toContain('action');
  });

  it('an operation that is not served is refused', async () => {
    const url = new URL('/v1/createschedulingpolicy', h.batch.url);
    const response = await signedFetch(url, TEST_IDENTITY, { method: 'POST', body: {} });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('ClientException');
  });
});

it('throttles beyond a rate limit', async () => {
  const limited = await startHarness(exchanges, { rateLimits: { SubmitJob: 2 } });
  const submits = await Promise.allSettled(Array.from({ length: 6 }, () => limited.submit({})));
  const refused = submits.filter((s) => s.status === 'rejected');
  expect(refused).toHaveLength(4);
  for (const { reason } of refused) expect((reason as Error).name).toBe('TooManyRequestsException');
  await limited.close();
});

it('answers boto3 as AWS does', async () => {
  const report = JSON.parse(
    await runPython('boto3_scenario.py', [h.batch.url], '', {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
    }),
  ) as { steps: string[] };
  expect(report.steps).toEqual(['resources', 'retry', 'array', 'depends', 'list', 'errors', 'removal']);
});

it("every raw answer so far satisfies AWS's service model", async () => {
  const { checked, operations, findings } = await validateExchanges(exchanges);
  expect(findings).toEqual([]);
  expect(checked).toBeGreaterThan(100);
  expect(operations).toEqual([
    'CancelJob',
    'CreateComputeEnvironment',
    'CreateJobQueue',
    'DeleteComputeEnvironment',
    'DeleteJobQueue',
    'DeregisterJobDefinition',
    'DescribeComputeEnvironments',
    'DescribeJobDefinitions',
    'DescribeJobQueues',
    'DescribeJobs',
    'GetJobQueueSnapshot',
    'ListJobs',
    'ListTagsForResource',
    'RegisterJobDefinition',
    'SubmitJob',
    'TagResource',
    'TerminateJob',
    'UntagResource',
    'UpdateComputeEnvironment',
    'UpdateJobQueue',
  ]);
});
