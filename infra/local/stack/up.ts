import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { setBatchCapacity } from './batch-capacity.ts';
import { ensureBatchResources } from './batch-resources.ts';
import { chooseCode } from './choose-code.ts';
import { codeRoot, snapshotCode } from './code.ts';
import { newCredentials, readStack, s3Endpoint, writeStack } from './document.ts';
import type { StackDocument } from './document.ts';
import { isServiceReady } from './health.ts';
import type { Layout } from './layout.ts';
import { choosePort } from './ports.ts';
import { makePrivate } from './privacy.ts';
import { holdsPorts, logPath, logTail, runningProcess, runsAsSpecified } from './processes.ts';
import { startDetached, stopProcess } from './processes.ts';
import { GRACE_MS, serviceSpecs } from './services.ts';
import type { ServiceName, ToolPaths } from './services.ts';

export type PortName = keyof StackDocument['ports'];

const DEFAULT_PORTS: StackDocument['ports'] = { temporal: 7233, temporalUi: 8233, s3: 7070, batch: 7171 };

/** The command-line option of each port and the service that holds it. */
export const PORT_OPTIONS: Record<PortName, { readonly option: string; readonly service: ServiceName }> = {
  temporal: { option: '--temporal-port', service: 'temporal' },
  temporalUi: { option: '--temporal-ui-port', service: 'temporal' },
  s3: { option: '--s3-port', service: 's3' },
  batch: { option: '--batch-port', service: 'batch' },
};

export interface UpOptions {
  readonly layout: Layout;
  readonly tools: ToolPaths;
  /** Ports the user named; the others keep their number or are chosen. */
  readonly ports?: Partial<Record<PortName, number>>;
  /** Jobs run at once; one a core unless given before or now. */
  readonly slots?: number;
  /** Services to start; all unless given. */
  readonly services?: readonly ServiceName[];
  /** Puts the shipped data sets into the bucket when they are missing. */
  readonly seed?: (stack: StackDocument) => Promise<void>;
  readonly say: (line: string) => void;
}

export interface UpResult {
  readonly stack: StackDocument;
  readonly services: readonly {
    readonly name: ServiceName;
    readonly pid: number;
    readonly started: boolean;
  }[];
}

const START_TIMEOUT_MS = 60_000;

const planStack = async ({ layout, ports = {}, slots }: UpOptions): Promise<StackDocument> => {
  const before = readStack(layout);
  const chosen = { ...DEFAULT_PORTS, ...before?.ports };
  for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
    const { option, service } = PORT_OPTIONS[name];
    const isOurs = before !== undefined && holdsPorts(layout, service);
    chosen[name] = await choosePort(option, ports[name], chosen[name], isOurs);
  }
  return {
    version: 1,
    ports: chosen,
    credentials: before?.credentials ?? newCredentials(),
    slots: slots ?? before?.slots ?? availableParallelism(),
    ...(before?.code === undefined ? {} : { code: before.code }),
    config: {
      region: 'us-east-1',
      bucket: 'nas',
      queue: 'nas-spot',
      jobDefinition: 'nas-trainer',
      temporalAddress: `127.0.0.1:${chosen.temporal}`,
      temporalNamespace: 'default',
      taskQueue: 'nas',
    },
  };
};

const untilReady = async (layout: Layout, stack: StackDocument, name: ServiceName): Promise<void> => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const running = runningProcess(layout, name);
    if (running === undefined) {
      throw infrastructureError(
        `${name} ended right after its start. Its last words:\n    ${logTail(layout, name)}`,
        `see ${logPath(layout, name)}, then nas doctor`,
      );
    }
    if (await isServiceReady(stack, name, running)) return;
    if (performance.now() > deadline) {
      throw infrastructureError(
        `${name} runs (process ${running.pid}) but does not answer after ${START_TIMEOUT_MS / 1000} s`,
        `see ${logPath(layout, name)}, then nas down and nas up`,
      );
    }
    await sleep(100);
  }
};

const ensureBucket = async (stack: StackDocument): Promise<void> => {
  const s3 = new S3Client({
    endpoint: s3Endpoint(stack),
    region: stack.config.region,
    credentials: { ...stack.credentials },
    forcePathStyle: true,
  });
  try {
    await s3.send(new HeadBucketCommand({ Bucket: stack.config.bucket })).catch(async (error: unknown) => {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      if (status !== 404) throw error;
      await s3.send(new CreateBucketCommand({ Bucket: stack.config.bucket }));
    });
  } finally {
    s3.destroy();
  }
};

/**
 * Starts what does not run, replaces what runs but does not answer or was started otherwise, and leaves the
 * rest alone. The caller holds `layout.lock`. State survives, so that searches go on where they were.
 */
export const stackUp = async (options: UpOptions): Promise<UpResult> => {
  const { layout, say } = options;
  const wanted = options.services ?? (['temporal', 's3', 'batch', 'worker'] as const);
  const opened = makePrivate(layout);
  if (opened > 0)
    say(`${layout.home}: ${opened} files and folders were open to other users; they are yours alone now`);
  const tree = snapshotCode(layout);
  let stack = await planStack(options);
  writeStack(layout, stack);
  let specs = serviceSpecs(layout, stack, options.tools);
  const report: UpResult['services'][number][] = [];

  const ensure = async (name: ServiceName): Promise<void> => {
    if (!wanted.includes(name)) return;
    const current = runsAsSpecified(layout, specs[name]) ? runningProcess(layout, name) : undefined;
    if (current !== undefined && (await isServiceReady(stack, name, current))) {
      report.push({ name, pid: current.pid, started: false });
      return;
    }
    await stopProcess(layout, name, GRACE_MS[name]);
    const { pid } = startDetached(layout, specs[name]);
    await untilReady(layout, stack, name);
    say(`${name}: started (process ${pid}, log ${logPath(layout, name)})`);
    report.push({ name, pid, started: true });
  };

  await Promise.all([ensure('temporal'), ensure('s3').then(() => ensureS3Content(options, stack, wanted))]);
  if (wanted.includes('temporal')) {
    stack = { ...stack, code: await chooseCode(layout, stack, tree, say) };
    writeStack(layout, stack);
    specs = serviceSpecs(layout, stack, options.tools);
  }
  if (wanted.includes('batch')) {
    await ensure('batch');
    await ensureBatchResources(stack, resolve(codeRoot(layout, stack.code ?? tree)));
    const isNew = report.some(({ name, started }) => name === 'batch' && started);
    if (isNew || options.slots !== undefined) await setBatchCapacity(stack, stack.slots);
  }
  await ensure('worker');
  return { stack, services: report };
};

const ensureS3Content = async (
  { seed }: UpOptions,
  stack: StackDocument,
  wanted: readonly ServiceName[],
): Promise<void> => {
  if (!wanted.includes('s3')) return;
  await ensureBucket(stack);
  await seed?.(stack);
};
