import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  type JobDetail,
  type RegisterJobDefinitionCommandOutput,
  type SubmitJobCommandInput,
} from '@aws-sdk/client-batch';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalBatchOptions } from '../../../infra/local/batch/options.ts';
import { startLocalBatch, type LocalBatch } from '../../../infra/local/batch/server.ts';
import { signedFetch, type BatchIdentity } from '../../../store/signed-fetch.ts';
import type { Exchange } from './service-model.ts';
import { recordingHandler } from './service-model.ts';

/** Whose requests the endpoints of these tests serve. */
export const TEST_IDENTITY: BatchIdentity = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

export const newStateDir = (): string => mkdtempSync(path.join(tmpdir(), 'batch-test-'));

export interface Harness {
  readonly batch: LocalBatch;
  readonly client: BatchClient;
  readonly stateDir: string;
  submit(input: Partial<SubmitJobCommandInput> & { shell?: string }): Promise<string>;
  describe(jobId: string): Promise<JobDetail>;
  /** Polls until the job satisfies `done`; fails with the job's last description. */
  until(jobId: string, done: (job: JobDetail) => boolean, seconds?: number): Promise<JobDetail>;
  finished(jobId: string, seconds?: number): Promise<JobDetail>;
  admin(path: string, body?: unknown): Promise<{ status: number; value: Record<string, unknown> }>;
  log(jobId: string, attempt?: number): Promise<string>;
  close(): Promise<void>;
}

/** A client of the endpoint that records every raw answer, for validation against AWS's service model. */
export const clientOf = (url: string, exchanges: Exchange[]): BatchClient =>
  new BatchClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: TEST_IDENTITY.credentials,
    maxAttempts: 1,
    requestHandler: recordingHandler(exchanges),
  });

/** Calls on an endpoint at `url`, wherever it runs. */
export const using = (url: string, exchanges: Exchange[]) => {
  const client = clientOf(url, exchanges);
  const describe = async (jobId: string): Promise<JobDetail> => {
    const { jobs } = await client.send(new DescribeJobsCommand({ jobs: [jobId] }));
    const [job] = jobs ?? [];
    if (job === undefined) throw new Error(`job ${jobId} is unknown`);
    return job;
  };
  const until: Harness['until'] = async (jobId, done, seconds = 20) => {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const job = await describe(jobId);
      if (done(job)) return job;
      if (Date.now() > deadline) throw new Error(`job did not get there: ${JSON.stringify(job, null, 1)}`);
      await sleep(20);
    }
  };
  return {
    client,
    describe,
    until,
    finished: (jobId: string, seconds?: number) =>
      until(jobId, (job) => job.status === 'SUCCEEDED' || job.status === 'FAILED', seconds),
    submit: async ({ shell, ...input }: Partial<SubmitJobCommandInput> & { shell?: string }) => {
      const { jobId } = await client.send(
        new SubmitJobCommand({
          jobName: 'job',
          jobQueue: 'queue',
          jobDefinition: 'shell',
          ...(shell === undefined ? {} : { parameters: { script: shell } }),
          ...input,
        }),
      );
      return jobId as string;
    },
    admin: async (target: string, body?: unknown) => {
      const response = await signedFetch(
        new URL(`/_local/${target}`, url),
        TEST_IDENTITY,
        body === undefined ? {} : { method: 'POST', body: body as object },
      );
      return { status: response.status, value: (await response.json()) as Record<string, unknown> };
    },
    log: async (jobId: string, attempt?: number) => {
      const query = new URLSearchParams({
        jobId,
        ...(attempt === undefined ? {} : { attempt: String(attempt) }),
      });
      return (await signedFetch(new URL(`/_local/logs?${query}`, url), TEST_IDENTITY)).text();
    },
  };
};

/** A job definition of one vCPU that runs `command`; memory in MiB. */
export const defineJob = (
  client: BatchClient,
  jobDefinitionName: string,
  command: readonly string[],
  {
    memory = 64,
    parameters,
  }: { readonly memory?: number; readonly parameters?: Record<string, string> } = {},
): Promise<RegisterJobDefinitionCommandOutput> =>
  client.send(
    new RegisterJobDefinitionCommand({
      jobDefinitionName,
      type: 'container',
      ...(parameters && { parameters }),
      containerProperties: {
        image: 'test',
        command: [...command],
        resourceRequirements: [
          { type: 'VCPU', value: '1' },
          { type: 'MEMORY', value: String(memory) },
        ],
      },
    }),
  );

/** A spot compute environment, its queue, and a job definition `shell` that runs its parameter `script`. */
export const createResources = async (client: BatchClient, maxvCpus = 256): Promise<void> => {
  await client.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'spot',
      type: 'MANAGED',
      computeResources: {
        type: 'SPOT',
        minvCpus: 0,
        maxvCpus,
        instanceTypes: ['g5.xlarge'],
        subnets: ['subnet-1'],
        securityGroupIds: ['sg-1'],
      },
    }),
  );
  await client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'queue',
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'spot' }],
    }),
  );
  await defineJob(client, 'shell', ['/bin/sh', '-c', 'Ref::script'], {
    memory: 512,
    parameters: { script: 'true' },
  });
};

/** An endpoint in this process, with a queue and a definition ready. */
export const startHarness = async (
  exchanges: Exchange[],
  options: Partial<LocalBatchOptions> = {},
): Promise<Harness> => {
  const stateDir = options.stateDir ?? newStateDir();
  const failures: Error[] = [];
  const batch = await startLocalBatch({
    slots: 4,
    credentials: TEST_IDENTITY.credentials,
    stateDir,
    onFatal: (error) => failures.push(error),
    ...options,
  });
  const calls = using(batch.url, exchanges);
  await createResources(calls.client);
  return {
    batch,
    stateDir,
    ...calls,
    close: async () => {
      await batch.close();
      calls.client.destroy();
      // A job that was just started may write its last words meanwhile.
      await rm(stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      if (failures.length > 0) throw failures[0] as Error;
    },
  };
};

const MAIN = path.resolve(import.meta.dirname, '../../../infra/local/batch/main.ts');

/** The endpoint's own process, as the embedded stack starts it. */
export const spawnEndpoint = async (
  stateDir: string,
  port: number,
  ...args: readonly string[]
): Promise<{
  readonly url: string;
  readonly child: ChildProcess;
  kill(signal: NodeJS.Signals): Promise<void>;
}> => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', MAIN, '--state', stateDir, '--port', String(port), ...args],
    {
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_REGION: 'us-east-1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let errors = '';
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      const found = /http:\S+/.exec(data.toString());
      if (found !== null) resolve(found[0]);
    });
    void exited.then(() => reject(new Error(`the endpoint did not start: ${errors}`)));
  });
  return {
    url,
    child,
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
};

/** Whether a process exists and has not ended; one that nobody has waited for yet has ended. */
export const isRunning = (pid: number): boolean => {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return !state.startsWith('Z');
  } catch {
    return false;
  }
};
