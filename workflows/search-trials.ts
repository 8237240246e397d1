import {
  ActivityCancellationType,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ProtocolActivities } from '../activities/contract.ts';
import type { JobReport } from '../nas/job/job-report.ts';
import type { TrainJobInput } from './contract.ts';
import { endingLaunches } from './end-launches.ts';
import { bestAccuracyKey, dollarsKey, outcomeKey } from './search-attributes.ts';

/** A process that proposes is silent meanwhile. */
const LONG_SILENCE = '15 minutes';

const { searchByTrials } = proxyActivities<ProtocolActivities>({
  // As long as the search; what ends a silent one is the heartbeat.
  startToCloseTimeout: '365 days',
  heartbeatTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * One search by trials. All of its trials are one activity's, whose state is the search's log in the store:
 * the history stays as short for ten thousand trials as for ten.
 */
export const searchTrials = async ({ run, job, round }: TrainJobInput): Promise<JobReport> => {
  const options = {
    summary: `${job.jobId}: all trials`,
    ...(job.kind === 'search' && job.thinksLong === true && { heartbeatTimeout: LONG_SILENCE }),
  } as const;
  const report = await endingLaunches({ run, jobId: job.jobId }, () =>
    searchByTrials.executeWithOptions(options, [{ run, job, ...(round === undefined ? {} : { round }) }]),
  );
  setCurrentDetails(
    `${report.outcome}: ${report.attempts} attempts, ${report.reclaims} reclaims` +
      (report.error === undefined ? '' : `\n\n${report.error}`),
  );
  upsertSearchAttributes([
    { key: outcomeKey, value: report.outcome },
    { key: dollarsKey, value: report.dollars },
    ...(report.result === undefined ? [] : [{ key: bestAccuracyKey, value: report.result.accuracy }]),
  ]);
  return report;
};
