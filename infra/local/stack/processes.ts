import { spawn } from 'node:child_process';
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
import { hashJson } from '../../../nas/hash.ts';
import { infrastructureError } from '../../../nas/protocol/infrastructure-error.ts';
import { basicEnvironment } from '../environment.ts';
import type { Layout } from './layout.ts';
import { processStart } from './process-start.mjs';

/** A process that outlives the command that starts it. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What it gets of this process's environment: all, or what says nothing of the user's keys and other servers. */
  readonly inherits: 'all' | 'basics';
  /** Added to that; undefined removes a variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** What `processes/NAME.json` says: enough to tell the process from a stranger that was given the same pid. */
interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
  /** Hash of the specification; a changed one means that the process must be replaced. */
  readonly specification: string;
}

const LOG_LIMIT_BYTES = 20_000_000;

const recordPath = (layout: Layout, name: string): string => join(layout.processes, `${name}.json`);
export const logPath = (layout: Layout, name: string): string => join(layout.logs, `${name}.log`);

const readRecord = (layout: Layout, name: string): ProcessRecord | undefined => {
  try {
    return JSON.parse(readFileSync(recordPath(layout, name), 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
};

const isRunning = (record: ProcessRecord): boolean => processStart(record.pid) === record.startTime;

/** Pid of the running process of that name. */
export const runningPid = (layout: Layout, name: string): number | undefined => {
  const record = readRecord(layout, name);
  return record !== undefined && isRunning(record) ? record.pid : undefined;
};

/** Whether the process runs and was started with this very specification. */
export const runsAsSpecified = (layout: Layout, spec: ProcessSpec): boolean => {
  const record = readRecord(layout, spec.name);
  return (
    record !== undefined && isRunning(record) && record.specification === hashJson(withoutUndefined(spec))
  );
};

const withoutUndefined = (spec: ProcessSpec): unknown => JSON.parse(JSON.stringify(spec));

const openLog = (path: string): number => {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
  return openSync(path, 'a', 0o600);
};

/** Starts a process of its own session, its output going to its log file; what it writes is its user's alone. */
export const startDetached = (layout: Layout, spec: ProcessSpec): number => {
  mkdirSync(layout.logs, { recursive: true, mode: 0o700 });
  mkdirSync(layout.processes, { recursive: true, mode: 0o700 });
  const log = openLog(logPath(layout, spec.name));
  const env = spec.inherits === 'all' ? { ...process.env } : basicEnvironment(process.env);
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
  const record: ProcessRecord = { pid, startTime, specification: hashJson(withoutUndefined(spec)) };
  writeFileSync(recordPath(layout, spec.name), JSON.stringify(record), { mode: 0o600 });
  return pid;
};

/** Ends a process: SIGTERM, then SIGKILL after `graceMs`. Answers whether it was running. */
export const stopProcess = async (layout: Layout, name: string, graceMs: number): Promise<boolean> => {
  const record = readRecord(layout, name);
  const wasRunning = record !== undefined && isRunning(record);
  if (wasRunning) {
    process.kill(record.pid, 'SIGTERM');
    const deadline = performance.now() + graceMs;
    while (isRunning(record) && performance.now() < deadline) await sleep(25);
    if (isRunning(record)) process.kill(record.pid, 'SIGKILL');
    while (isRunning(record)) await sleep(10);
  }
  rmSync(recordPath(layout, name), { force: true });
  return wasRunning;
};

/** The last lines of a process's log, for error messages. */
export const logTail = (layout: Layout, name: string, lines = 8): string => {
  try {
    return readFileSync(logPath(layout, name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n    ');
  } catch {
    return '(no log)';
  }
};
