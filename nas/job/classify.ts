import { EXIT_CODES, OUTCOMES } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { isTimeLimit, outcomeOfContainer, outcomeOfStatus, saysNothing } from './platform-sentences.ts';

/** What is known of an attempt that ended, from AWS Batch and from the attempt itself. */
export interface AttemptEnd {
  readonly exitCode?: number | undefined;
  /** Batch's reason: `Host EC2 (instance i-…) terminated.`; or the words of whoever ended the job. */
  readonly statusReason?: string | undefined;
  /** The container's reason: `OutOfMemoryError: Container killed due to memory usage`. */
  readonly containerReason?: string | undefined;
  /** Batch's own word that somebody called CancelJob or TerminateJob; absent where it is not known. */
  readonly ended?: boolean | undefined;
  /** `outcome` of the attempt's own record, its last words. */
  readonly lastWords?: string | undefined;
}

/** Begins the reason of every termination that a person asked for. */
export const CANCEL_REASON = 'Cancelled by nas';

const fromExitCode = new Map<number, Outcome>([
  ...Object.entries(EXIT_CODES).flatMap(([name, code]): [number, Outcome][] =>
    (OUTCOMES as readonly string[]).includes(name) ? [[code, name as Outcome]] : [],
  ),
  [EXIT_CODES.replaced, 'preempted'],
]);

const SIGNAL_EXIT = 128;

/**
 * Signals by which a process dies of its own native code: an illegal or unknown instruction, `abort` (glibc's
 * malloc, a failed check of TensorFlow, V8 without memory), a bad address. Numbers are those of Linux.
 */
const CRASH_SIGNALS: ReadonlyMap<number, string> = new Map([
  [4, 'SIGILL'],
  [5, 'SIGTRAP'],
  [6, 'SIGABRT'],
  [7, 'SIGBUS'],
  [8, 'SIGFPE'],
  [11, 'SIGSEGV'],
  [31, 'SIGSYS'],
]);

/**
 * The signal that a process crashed by, from its exit code as shells, Docker and Batch give it; `undefined`
 * for any other end.
 */
export const crashSignal = (exitCode: number | undefined): string | undefined =>
  exitCode === undefined ? undefined : CRASH_SIGNALS.get(exitCode - SIGNAL_EXIT);

const fromContainer = ({ containerReason }: AttemptEnd): Outcome | undefined =>
  containerReason === undefined ? undefined : outcomeOfContainer(containerReason);

/** How a process ends that TerminateJob has asked to: by its own last words, or by the signals. */
const STOPPED: readonly (number | undefined)[] = [
  EXIT_CODES.preempted,
  EXIT_CODES.replaced,
  SIGNAL_EXIT + 15,
  SIGNAL_EXIT + 9,
];

/**
 * What the status reason decides. It holds AWS's sentence, or the words of whoever called TerminateJob, who
 * may say anything, AWS's own sentences included: Batch's flag tells who spoke. Where there is no flag, words
 * that AWS is not known to use are a person's if the process was stopped as TerminateJob stops it. Any other
 * sentence that nobody knows decides nothing.
 */
const fromStatus = (end: AttemptEnd): Outcome | undefined => {
  const { statusReason, ended, exitCode } = end;
  // A job that had ended by itself before the call came keeps its reason.
  if (statusReason === undefined || saysNothing(statusReason)) return undefined;
  if (statusReason.startsWith(CANCEL_REASON)) return 'cancelled';
  if (ended === true && !isTimeLimit(statusReason)) return 'cancelled';
  const known = outcomeOfStatus(statusReason);
  if (known !== undefined) return known;
  const isStopped = STOPPED.includes(exitCode) && fromContainer(end) === undefined;
  return ended === undefined && isStopped ? 'cancelled' : undefined;
};

/** Whether AWS gave a reason whose sentence is in no table. */
const isUnexplained = ({ statusReason }: AttemptEnd): boolean =>
  statusReason !== undefined && !saysNothing(statusReason) && outcomeOfStatus(statusReason) === undefined;

/**
 * What the process' end, the container's reason and the last words decide, where the status reason decides
 * nothing.
 */
const fromProcess = (end: AttemptEnd): Outcome => {
  const typed = end.exitCode === undefined ? undefined : fromExitCode.get(end.exitCode);
  if (typed !== undefined) return typed;
  // A fenced attempt lost its job to a newer one; whether that one finished shows in the result, not here.
  if (end.exitCode === EXIT_CODES.fenced) return 'lost';
  const container = fromContainer(end);
  if (container !== undefined) return container;
  const words = OUTCOMES.find((outcome) => outcome === end.lastWords);
  if (words !== undefined && words !== 'succeeded') return words;
  if (crashSignal(end.exitCode) !== undefined) return 'crashed';
  if (end.exitCode === undefined || end.exitCode >= SIGNAL_EXIT || isUnexplained(end)) return 'lost';
  return 'user-error';
};

/**
 * The outcome of one attempt. The status reason comes first (the process could not know why it died), then
 * the typed exit code (a process that said it has ended by itself, whatever the container agent met
 * afterwards), then the container's reason, then the attempt's last words. What is left: a process that
 * crashed is `crashed`, one killed by a signal that nobody explains is `lost` and worth another launch, and
 * so is one that AWS explains by a sentence that nobody knows; any other exit is a fault of the program or
 * its input, which a retry repeats.
 */
export const classifyAttempt = (end: AttemptEnd): Outcome => {
  const status = fromStatus(end);
  if (status !== undefined) return status;
  const outcome = fromProcess(end);
  // Whoever ended the job may have said no more than AWS does; the signal that followed is no loss, and
  // nobody wants it again.
  return end.ended === true && (outcome === 'lost' || outcome === 'preempted') ? 'cancelled' : outcome;
};

/** Whether the machine under the attempt was taken away. */
export const wasReclaimed = (end: AttemptEnd): boolean => classifyAttempt(end) === 'preempted';
