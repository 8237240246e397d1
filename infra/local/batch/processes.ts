import { spawn } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SUPERVISE = fileURLToPath(new URL('supervise.sh', import.meta.url));
const hasProc = existsSync('/proc/self/stat');

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

const ps = (field: string, pid: number): string | undefined => {
  try {
    return execFileSync('ps', ['-ww', '-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

/** When the process started, as an opaque text: with its id it names a process for good. */
export const startTime = (pid: number): string | undefined => {
  if (!hasProc) return ps('lstart', pid) || undefined;
  const stat = readText(`/proc/${pid}/stat`);
  // Fields after the last ")" are safe to split; the start time is field 22, the boot id makes it unique.
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : `${readText('/proc/sys/kernel/random/boot_id')?.trim()}/${ticks}`;
};

const commandLine = (pid: number): string | undefined =>
  hasProc ? readText(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') : ps('command', pid);

const number = (text: string | undefined): number | undefined => {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
};

/** One attempt's folder. */
export const attemptFiles = (dir: string) => ({ log: path.join(dir, 'log') }) as const;

interface Launch {
  readonly dir: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called once, when the supervising shell has ended, as long as this process lives. */
  readonly onExit: () => void;
}

/** Makes the attempt's folder and starts its supervising shell; returns the shell's process id. */
export const launch = async ({ dir, command, cwd, env, onExit }: Launch): Promise<number> => {
  mkdirSync(dir, { recursive: true });
  const log = openSync(attemptFiles(dir).log, 'a');
  try {
    const child = spawn('/bin/sh', [SUPERVISE, dir, ...command], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.once('exit', onExit);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return child.pid as number;
  } finally {
    closeSync(log);
  }
};

/** What has become of an attempt that was started by this or an earlier endpoint. */
export type Fate =
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'exited'; readonly exitCode: number; readonly at: number }
  /** The supervising shell is gone and left no exit status: the machine was restarted or the shell killed. */
  | { readonly kind: 'vanished' }
  | { readonly kind: 'never-started' };

/**
 * Reads the fate of the attempt in `dir`. `pid` is the supervising shell's id where it is known. For an
 * attempt whose start is uncertain it takes the claim itself, so that a shell which comes late runs nothing.
 */
export const fate = (dir: string, pid: number | undefined): Fate | undefined => {
  const exitCode = number(readText(path.join(dir, 'exit')));
  if (exitCode !== undefined)
    return { kind: 'exited', exitCode, at: statSync(path.join(dir, 'exit')).mtimeMs };
  let shell = pid;
  if (shell === undefined) {
    mkdirSync(dir, { recursive: true });
    try {
      mkdirSync(path.join(dir, 'claim'));
      return { kind: 'never-started' };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
    shell = number(readText(path.join(dir, 'pid')));
    // Claimed a moment ago: the process id follows at once. Claimed long ago: the shell died in between.
    if (shell === undefined)
      return Math.abs(Date.now() - statSync(path.join(dir, 'claim')).mtimeMs) < 5000
        ? undefined
        : { kind: 'vanished' };
  }
  return commandLine(shell)?.includes(` ${dir} `)
    ? { kind: 'running', pid: shell }
    : // The exit status may have been written between the two looks.
      existsSync(path.join(dir, 'exit'))
      ? undefined
      : { kind: 'vanished' };
};

/** Signals the attempt's command; false when it has no process id yet. */
export const signalCommand = (dir: string, name: 'SIGTERM' | 'SIGKILL'): boolean => {
  const pid = number(readText(path.join(dir, 'command')));
  if (pid === undefined) return false;
  if (!existsSync(path.join(dir, 'exit'))) signal(pid, name);
  return true;
};

const groupMembers = (leader: number): number[] => {
  if (!hasProc) return startTime(leader) === undefined ? [] : [leader];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = readText(`/proc/${pid}/stat`);
      return stat !== undefined && stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] === String(leader);
    });
};

/**
 * Kills what a vanished shell left running: the processes of its group that carry the job's id in their
 * environment, so that a reused process id is never hit.
 */
export const killRemains = (leader: number, jobId: string): void => {
  for (const pid of groupMembers(leader)) {
    const carries = hasProc
      ? readText(`/proc/${pid}/environ`)?.split('\0').includes(`AWS_BATCH_JOB_ID=${jobId}`)
      : ps('command -E', pid)?.includes(`AWS_BATCH_JOB_ID=${jobId}`);
    if (carries) signal(pid, 'SIGKILL');
  }
};

/**
 * Private resident memory, in bytes, of each process group, or an empty map where the system does not tell.
 * Pages of mapped files count for no job, as they would be shared on one host.
 */
export const groupMemory = (): ReadonlyMap<number, number> => {
  const bytes = new Map<number, number>();
  if (!hasProc) return bytes;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readText(`/proc/${name}/stat`);
    const pages = readText(`/proc/${name}/statm`)?.split(' ');
    if (stat === undefined || pages === undefined) continue;
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    bytes.set(group, (bytes.get(group) ?? 0) + (Number(pages[1]) - Number(pages[2])) * 4096);
  }
  return bytes;
};
