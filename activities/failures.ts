import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DAMAGED_RESULT, DAMAGED_STAGE } from '../nas/job/damaged.ts';
import { InputError } from '../nas/core/input-error.ts';
import type { PlannedJob } from '../nas/job/job-report.ts';
import type { StageName } from '../nas/experiment/stage-name.ts';
import { CorruptDocumentError, RESTORE } from '../store/sealed-document.ts';

/** A document that an earlier step wrote is not there. */
export const missingDocument = (uri: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${uri}: missing. Fix: ${RESTORE}, or start the run under another name`,
    'MissingDocument',
  );

/** The result of a job that had succeeded cannot be used any more; its workflow runs the job again. */
export const damagedResult = (job: PlannedJob, problem: string): ApplicationFailure =>
  ApplicationFailure.create({
    message: `${problem}; ${job.jobId} runs again`,
    type: DAMAGED_RESULT,
    nonRetryable: true,
    details: [job],
  });

/**
 * The record of a stage that is done cannot be used any more; the run's workflow, which knows its reports,
 * writes it anew.
 */
export const damagedStage = (stage: StageName, problem: string): ApplicationFailure =>
  ApplicationFailure.create({
    message: `${problem}; it is written anew`,
    type: DAMAGED_STAGE,
    nonRetryable: true,
    details: [stage],
  });

export const wrongRun = (runId: string, wanted: string, found: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `run ${runId}: the store holds experiment ${found}, the workflow belongs to ${wanted}. Fix: use another run name`,
    'WrongRun',
  );

/** Every job of a stage failed. */
export const nothingLeft = (stage: string, reasons: readonly string[]): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${stage}: no job succeeded, nothing is left to go on with. ${reasons.join('; ')}`,
    'NothingLeft',
  );

/** The worker is going away while the job goes on; another worker takes over from the heartbeat. */
export const workerShutdown = (): ApplicationFailure =>
  ApplicationFailure.retryable('the worker is shutting down; the job goes on', 'WorkerShutdown');

/**
 * AWS refused to submit a job, or to look for it in a queue that is none: asking again would be refused
 * again. What it refuses of watching and ending jobs is no such error: the jobs are there, and whoever may
 * mend it has time.
 */
export class SubmissionRefusedError extends Error {
  override readonly name = 'SubmissionRefusedError';
}

/**
 * The one place where errors become retryable or not: wrong input, corrupt documents and submissions that AWS
 * refuses repeat themselves; everything else (network, throttling, a server that is down, rights that are
 * missing for a while) is retried by Temporal.
 */
export const classified = (error: unknown): unknown => {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (
    error instanceof InputError ||
    error instanceof CorruptDocumentError ||
    error instanceof SubmissionRefusedError
  )
    return ApplicationFailure.create({
      message: error.message,
      type: error.name,
      nonRetryable: true,
      cause: error,
    });
  return error;
};

/** Whether Temporal will not try again what threw this. */
export const isFinal = (error: unknown): boolean => {
  const failure = classified(error);
  return failure instanceof ApplicationFailure && failure.nonRetryable === true;
};

/** Wraps an activity so that what it throws is classified. */
export const atBoundary =
  <Input, Output>(activity: (input: Input) => Promise<Output>) =>
  async (input: Input): Promise<Output> => {
    try {
      return await activity(input);
    } catch (error) {
      throw classified(error);
    }
  };
