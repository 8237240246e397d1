import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { REPOSITORY } from '../../infra/local/stack/layout.ts';
import { TRAINER_COMMAND } from '../../nas/job/trainer-job.ts';

/** How a trainer process ended. */
export interface TrainerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last lines of its log. */
  readonly log: string;
}

const LOG_LINES = 15;

/**
 * Runs one attempt of a job as a process of this machine, as Batch would, on the storage that this process's
 * environment points at. With `killAt`, it is ended by SIGKILL right after that step.
 */
export const runTrainer = async (
  jobUri: string,
  signal: AbortSignal,
  killAt?: number,
): Promise<TrainerEnd> => {
  const [command, ...parameters] = TRAINER_COMMAND.map((word) => (word === 'Ref::job' ? jobUri : word));
  const child = spawn(command === 'node' ? process.execPath : (command as string), parameters, {
    cwd: REPOSITORY,
    env: { ...process.env, ...(killAt !== undefined && { NAS_DRILL_KILL_AT_STEP: String(killAt) }) },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let lines: string[] = [];
  child.stderr.on(
    'data',
    (chunk: Buffer) => (lines = [...lines, ...chunk.toString().split('\n')].slice(-LOG_LINES)),
  );
  const [code, ended] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal: ended, log: lines.join('\n') };
};
