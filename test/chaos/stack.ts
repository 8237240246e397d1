import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient } from '@aws-sdk/client-batch';
import { Client, Connection } from '@temporalio/client';
import { describedJobs } from '../../activities/batch/described-jobs.ts';
import { batchEndpoint, batchIdentity, s3Endpoint } from '../../infra/local/stack/document.ts';
import type { StackDocument } from '../../infra/local/stack/document.ts';
import { isServiceReady } from '../../infra/local/stack/health.ts';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import type { Layout } from '../../infra/local/stack/layout.ts';
import { freePort } from '../../infra/local/stack/ports.ts';
import { processStart } from '../../infra/local/stack/process-start.mjs';
import { runningPid, runningProcess, startDetached, stopProcess } from '../../infra/local/stack/processes.ts';
import type { ProcessSpec, RunningProcess } from '../../infra/local/stack/processes.ts';
import { GRACE_MS, serviceSpecs } from '../../infra/local/stack/services.ts';
import type { ServiceName, ToolPaths } from '../../infra/local/stack/services.ts';
import { stackUp } from '../../infra/local/stack/up.ts';
import { seedShippedDataset } from '../../scripts/data/shipped.ts';
import { createS3Client, createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { JobRef } from '../../store/checkpoint-documents.ts';
import { signedFetch } from '../../store/signed-fetch.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { smallDisk } from './disk.ts';
import type { SmallDisk } from './disk.ts';
import { toolForTests } from '../support/shared-servers.ts';

/** A trainer process of this stack. */
export interface Trainer {
  readonly pid: number;
  readonly startTime: string;
  /** The shell that reports its end to Batch; leads the process group of both. */
  readonly shell: number;
  readonly batchJobId: string;
}

/** The real embedded stack in a folder of its own, with a fault proxy before S3 and one before Batch. */
export interface ChaosStack {
  readonly layout: Layout;
  readonly stack: StackDocument;
  readonly proxies: { readonly s3: FaultProxy; readonly batch: FaultProxy };
  /** Reaches S3 past the proxy. */
  readonly store: ObjectStore;
  /** Reaches Batch past the proxy. */
  readonly batch: BatchClient;
  pid(name: ServiceName): number | undefined;
  start(name: ServiceName): Promise<void>;
  /** The file system that S3's objects are on, where this user may mount one. */
  readonly disk: SmallDisk | undefined;
  /** Sets the wall clock of worker, Batch and trainers off by so many milliseconds. */
  stepClock(milliseconds: number): void;
  /** Ends the worker in order, as a roll-out does, and starts one of another build. */
  replaceWorker(): Promise<void>;
  /** SIGKILL. */
  kill(name: ServiceName): void;
  /** Trainers that Batch says are running; none while it is down. */
  trainers(): Promise<Trainer[]>;
  /** The job that a trainer works for; `undefined` while Batch does not tell. */
  jobOf(trainer: Trainer): Promise<JobRef | undefined>;
  /** Takes a job's machine back after a notice; false when it runs on none any more. */
  reclaim(batchJobId: string, noticeSeconds: number): Promise<boolean>;
  /** Every trainer process that was ever seen and still lives. */
  survivors(): Trainer[];
  withClient<T>(work: (client: Client) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

interface LocalState {
  readonly running: readonly {
    readonly jobId: string;
    readonly current?: { readonly dir: string; readonly pid?: number };
  }[];
}

const READY_MS = 120_000;

/** Sends a signal to a process, or with a negative id to a group; false when it is gone. */
export const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw cause;
  }
};

export const isAlive = ({ pid, startTime }: Pick<Trainer, 'pid' | 'startTime'>): boolean =>
  processStart(pid) === startTime;

export const startChaosStack = async (options: { readonly slots: number }): Promise<ChaosStack> => {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), 'nas-chaos-')));
  // Objects of one soak take a few dozen megabytes.
  const disk = smallDisk(layout.s3Objects, 1_024);
  const clock = join(layout.home, 'clock');
  let build = 0;
  const tools: ToolPaths = {
    temporal: await toolForTests('temporal'),
    versitygw: await toolForTests('versitygw'),
  };
  const storeOf = (stack: StackDocument): ObjectStore =>
    createS3ObjectStore({
      bucket: stack.config.bucket,
      client: createS3Client({
        endpoint: s3Endpoint(stack),
        region: stack.config.region,
        credentials: stack.credentials,
        forcePathStyle: true,
      }),
    });
  const { stack } = await stackUp({
    layout,
    tools,
    ports: {
      temporal: await freePort(),
      temporalUi: await freePort(),
      s3: await freePort(),
      batch: await freePort(),
    },
    slots: options.slots,
    services: ['temporal', 's3', 'batch'],
    seed: async (started) => void (await seedShippedDataset(storeOf(started))),
    say: () => undefined,
  });
  const proxies = {
    s3: await startFaultProxy(s3Endpoint(stack)),
    batch: await startFaultProxy(batchEndpoint(stack)),
  };
  const specs = serviceSpecs(layout, stack, tools);
  /** What the product's own processes see: every request passes a proxy. */
  const proxied = (spec: ProcessSpec): ProcessSpec => ({
    ...spec,
    env: {
      ...spec.env,
      AWS_ENDPOINT_URL_S3: proxies.s3.endpoint,
      AWS_ENDPOINT_URL_BATCH: proxies.batch.endpoint,
      NAS_CHAOS_CLOCK: clock,
      NODE_OPTIONS: `--import ${new URL('clock.mjs', import.meta.url).href}`,
      NAS_CHAOS_BUILD: String(build),
    },
  });
  const specOf = (name: ServiceName): ProcessSpec =>
    name === 'batch' || name === 'worker' ? proxied(specs[name]) : specs[name];
  /** What was killed holds its ports until it is gone. */
  const startOnce = async (name: ServiceName): Promise<RunningProcess> => {
    const present = runningProcess(layout, name);
    if (present !== undefined) return present;
    await stopProcess(layout, name, 0);
    return startDetached(layout, specOf(name));
  };
  const start = async (name: ServiceName): Promise<void> => {
    const deadline = performance.now() + READY_MS;
    let running = await startOnce(name);
    while (!(await isServiceReady(stack, name, running))) {
      if (performance.now() > deadline) throw new Error(`${name}: not ready after ${READY_MS / 1000} s`);
      // A worker ends when Temporal is away for long; whoever runs it starts it again.
      running = await startOnce(name);
      await sleep(200);
    }
  };
  await stopProcess(layout, 'batch', GRACE_MS.batch);
  await start('batch');
  await start('worker');

  const seen = new Map<number, Trainer>();
  const batch = new BatchClient({
    endpoint: batchEndpoint(stack),
    region: stack.config.region,
    credentials: stack.credentials,
  });
  const trainers = async (): Promise<Trainer[]> => {
    let state: LocalState;
    try {
      const answer = await signedFetch(new URL('/_local/state', batchEndpoint(stack)), batchIdentity(stack), {
        signal: AbortSignal.timeout(5_000),
      });
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      state = (await answer.json()) as LocalState;
    } catch {
      return [];
    }
    return state.running.flatMap(({ jobId, current }) => {
      if (current?.pid === undefined) return [];
      try {
        const pid = Number(readFileSync(join(current.dir, 'command'), 'utf8'));
        const startTime = processStart(pid);
        if (startTime === undefined) return [];
        const trainer = { pid, startTime, shell: current.pid, batchJobId: jobId };
        seen.set(pid, trainer);
        return [trainer];
      } catch {
        return []; // It has not started yet.
      }
    });
  };
  const stop = async (): Promise<void> => {
    for (const name of signals) process.off(name, interrupted);
    batch.destroy();
    await stopProcess(layout, 'worker', 2_000);
    await trainers();
    // Batch would start anew what dies under its eyes.
    await stopProcess(layout, 'batch', 2_000);
    for (const trainer of [...seen.values()].filter(isAlive)) signal(trainer.pid, 'SIGKILL');
    for (const name of ['temporal', 's3'] as const) await stopProcess(layout, name, 2_000);
    await Promise.all([proxies.s3.stop(), proxies.batch.stop()]);
    disk?.unmount();
    rmSync(layout.home, { recursive: true, force: true });
  };
  /** A person's Ctrl-C leaves nothing behind either. */
  const interrupted = (): void => void stop().finally(() => process.exit(130));
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, interrupted);
  return {
    layout,
    stack,
    proxies,
    store: storeOf(stack),
    batch,
    pid: (name) => runningPid(layout, name),
    start,
    disk,
    stepClock: (milliseconds) => writeFileSync(clock, String(milliseconds)),
    replaceWorker: async () => {
      build++;
      await stopProcess(layout, 'worker', GRACE_MS.worker);
      await start('worker');
    },
    kill: (name) => {
      const pid = runningPid(layout, name);
      if (pid !== undefined) signal(pid, 'SIGKILL');
    },
    trainers,
    jobOf: async ({ batchJobId }) => {
      // Of an array's child the array is described, which has the tags.
      const jobs = await describedJobs(batch, storeOf(stack), [batchJobId.split(':')[0] as string]).catch(
        () => [],
      );
      return jobs.find(({ detail }) => detail.jobId === batchJobId);
    },
    reclaim: async (batchJobId, noticeSeconds) => {
      const url = new URL('/_local/reclaim', batchEndpoint(stack));
      const answer = await signedFetch(url, batchIdentity(stack), {
        method: 'POST',
        body: { jobId: batchJobId, noticeSeconds },
      }).catch(() => undefined);
      return answer?.ok === true;
    },
    survivors: () => [...seen.values()].filter(isAlive),
    withClient: async (work) => {
      const connection = await Connection.connect({
        address: stack.config.temporalAddress,
        connectTimeout: 5_000,
      });
      try {
        return await work(new Client({ connection, namespace: stack.config.temporalNamespace }));
      } finally {
        await connection.close();
      }
    },
    stop,
  };
};
