import type { BatchAttempt } from '../../activities/batch/batch-jobs.ts';
import type { LaunchTally } from '../../activities/contract.ts';

/** Of a job that was not launched before. */
export const NO_LAUNCH: LaunchTally = { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 };

/** What Batch says of an attempt that ended by itself. */
export const EXITED = 'Essential container in task exited';

/** An attempt of two seconds whose machine was taken away. */
export const RECLAIMED: BatchAttempt = {
  statusReason: 'Host EC2 (instance i-0) terminated.',
  startedAt: 0,
  stoppedAt: 2000,
};

/** An attempt of one second that ended by itself. */
export const exited = (exitCode: number): BatchAttempt => ({
  exitCode,
  statusReason: EXITED,
  startedAt: 0,
  stoppedAt: 1000,
});
