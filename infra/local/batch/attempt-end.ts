import type { CurrentAttempt } from './records.ts';
import type { AttemptEnd } from './retry.ts';

const ESSENTIAL_EXITED = 'Essential container in task exited';
export const FAILED_TO_START = 'Task failed to start';
const TIMED_OUT = 'Job attempt duration exceeded timeout';
const OUT_OF_MEMORY = 'OutOfMemoryError: Container killed due to memory usage';

const hostTerminated = (instanceId: string): string => `Host EC2 (instance ${instanceId}) terminated.`;

export const cannotPull = (image: string): AttemptEnd => ({
  statusReason: FAILED_TO_START,
  reason: `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`,
});

const CREATE_FAILED =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process';

/** `why` as the container runtime words it. */
export const cannotStart = (why: string): AttemptEnd => ({
  statusReason: FAILED_TO_START,
  reason: `CannotStartContainerError: Error response from daemon: ${CREATE_FAILED}: ${why}`,
});

export const notExecutable = (command: string): AttemptEnd =>
  cannotStart(`exec: "${command}": executable file not found in $PATH: unknown`);

/**
 * Batch's account of how an attempt ended. `exitCode` is undefined when the supervising shell vanished
 * without leaving one. A host that terminates takes its report of the exit with it, so no exit code is known
 * then; a stop that was decided but not yet signalled did not end the attempt.
 */
export const attemptEnd = (current: CurrentAttempt, exitCode: number | undefined): AttemptEnd => {
  const lost: AttemptEnd = { statusReason: hostTerminated(current.instanceId) };
  const exited = exitCode === undefined ? {} : { exitCode };
  const stop = current.stop?.termSent === true ? current.stop : undefined;
  switch (stop?.cause) {
    case undefined:
      return exitCode === undefined ? lost : { statusReason: ESSENTIAL_EXITED, exitCode };
    case 'host-terminated':
      return lost;
    case 'timeout':
      return { statusReason: TIMED_OUT, ...exited };
    case 'terminated':
      return { statusReason: stop?.reason ?? ESSENTIAL_EXITED, ...exited };
    case 'memory':
      return { statusReason: ESSENTIAL_EXITED, reason: OUT_OF_MEMORY, ...exited };
  }
};
