import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { jsonOf, parseJson } from '../../../nas/core/json.ts';
import { hashJson } from '../../../nas/core/hash.ts';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { basicEnvironment } from '../environment.ts';
import type { Layout } from './layout.ts';
import { processStart, processState } from './process-start.mjs';

/** A process that outlives the command that starts it. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /**
   * What it gets of this process's environment: all, or what says nothing of the user's keys and other
   * servers.
   */
  readonly inherits: 'all' | 'basics';
  /** Added to that; undefined removes a variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * What `processes/NAME.json` says: enough to tell the process from a stranger that was given the same pid.
 */
const processRecordSchema = z.object({
  pid: z.number().int(),
  startTime: z.string(),
  /** Hash of the specification; a changed one means that the process must be replaced. */
  specification: z.string(),
  /** Unique for this start; the process has it as NAS_START. Absent where an earlier version started it. */
  token: z.string().exactOptional(),
});
type ProcessRecord = z.infer<typeof processRecordSchema>;

/** A process of the stack by what tells it from any other, also from one that had the same pid before. */
export type RunningProcess = Pick<ProcessRecord, 'pid' | 'token'>;

const LOG_LIMIT_BYTES = 20_000_000;

const recordPath = (layout: Layout, name: string): string => join(layout.processes, `${name}.json`);
export const logPath = (layout: Layout, name: string): string => join(layout.logs, `${name}.log`);

const readRecord = (layout: Layout, name: string): ProcessRecord | undefined => {
  try {
    return parseJson(processRecordSchema, readFileSync(recordPath(layout, name), 'utf8'));
  } catch {
    return undefined;
  }
};

/**
 * Whether the kernel still has the process, be it that it only takes it down: ports and locks are held until
 * then.
 */
const isPresent = (record: ProcessRecord): boolean => processStart(record.pid) === record.startTime;

/** One that was killed runs no more, however long the kernel takes to take it down. */
const isRunning = (record: ProcessRecord): boolean =>
  isPresent(record) && processState(record.pid) !== 'ending';

/** The running process of that name. */
export const runningProcess = (layout: Layout, name: string): RunningProcess | undefined => {
  const record = readRecord(layout, name);
  return record !== undefined && isRunning(record) ? record : undefined;
};

/** Whether a process of that name is there, running or about to be gone: then it holds its ports. */
export const holdsPorts = (layout: Layout, name: string): boolean => {
  const record = readRecord(layout, name);
  return record !== undefined && isPresent(record);
};

/** Pid of the running process of that name. */
export const runningPid = (layout: Layout, name: string): number | undefined =>
  runningProcess(layout, name)?.pid;

/** Whether the process runs and was started with this very specification. */
export const runsAsSpecified = (layout: Layout, spec: ProcessSpec): boolean => {
  const record = readRecord(layout, spec.name);
  return (
    record !== undefined && isRunning(record) && record.specification === hashJson(withoutUndefined(spec))
  );
};

const withoutUndefined = (spec: ProcessSpec): unknown => jsonOf(JSON.stringify(spec));

const openLog = (path: string): number => {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
  return openSync(path, 'a', 0o600);
};

/**
 * Starts a process of its own session, its output going to its log file; what it writes is its user's alone.
 */
export const startDetached = (layout: Layout, spec: ProcessSpec): RunningProcess => {
  mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
  mkdirSync(layout.processes, { recursive: true, mode: 0o700 });
  const log = openLog(logPath(layout, spec.name));
  const token = randomUUID();
  const env = spec.inherits === 'all' ? { ...process.env } : basicEnvironment(process.env);
  env['NAS_START'] = token;
  for (const [name, value] of Object.entries(spec.env)) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  const umask = process.umask(0o077);
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  process.umask(umask);
  closeSync(log);
  child.on('error', () => undefined); // Reported by `pid` being absent.
  child.unref();
  const { pid } = child;
  const startTime = pid === undefined ? undefined : processStart(pid);
  if (pid === undefined || startTime === undefined) {
    throw infrastructureError(
      `${spec.name} did not start: ${spec.command}`,
      `nas doctor; log: ${logPath(layout, spec.name)}`,
    );
  }
  const record: ProcessRecord = { pid, startTime, specification: hashJson(withoutUndefined(spec)), token };
  writeFileSync(recordPath(layout, spec.name), JSON.stringify(record), { mode: 0o600 });
  return record;
};

/** One that has ended in the same instant needs no signal. */
const send = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/**
 * Ends a process, SIGTERM, then SIGKILL after `graceMs`, and waits until it is gone. Answers whether it was
 * there.
 */
export const stopProcess = async (layout: Layout, name: string, graceMs: number): Promise<boolean> => {
  const record = readRecord(layout, name);
  const wasPresent = record !== undefined && isPresent(record);
  if (wasPresent) {
    send(record.pid, 'SIGTERM');
    const deadline = performance.now() + graceMs;
    while (isPresent(record) && performance.now() < deadline) await sleep(25);
    if (isPresent(record)) send(record.pid, 'SIGKILL');
    while (isPresent(record)) await sleep(10);
  }
  rmSync(recordPath(layout, name), { force: true });
  return wasPresent;
};

/** The last lines of a process's log, for error messages. */
export const logTail = (layout: Layout, name: string, lines = 8): string => {
  try {
    return readFileSync(logPath(layout, name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n    ');
  } catch {
    return '(no log)';
  }
};
