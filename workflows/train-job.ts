import {
  ActivityCancellationType,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LaunchTally, ProtocolActivities } from '../activities/contract.ts';
import type { JobReport } from '../nas/job/job-report.ts';
import type { TrainJobInput } from './contract.ts';
import { endingLaunches } from './end-launches.ts';
import { bestAccuracyKey, dollarsKey, outcomeKey } from './search-attributes.ts';

const { launchJob } = proxyActivities<ProtocolActivities>({
  // A launch lasts as long as its job; what ends a silent one is the heartbeat.
  startToCloseTimeout: '60 days',
  heartbeatTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

const NO_LAUNCH: LaunchTally = { outcomes: [], attempts: 0, reclaims: 0, seconds: 0 };

/**
 * One job of the protocol: launches it on Batch until it has succeeded or its outcome's retry budget is used
 * up. Returns the report whatever the outcome; it fails only when the job could not be launched at all.
 */
export const trainJob = async ({ run, job, round }: TrainJobInput): Promise<JobReport> => {
  let earlier = NO_LAUNCH;
  for (;;) {
    const input = { run, job, earlier, ...(round === undefined ? {} : { round }) };
    const summary = `${job.jobId}, launch ${earlier.outcomes.length + 1}`;
    const launch = await endingLaunches({ run, jobId: job.jobId }, () =>
      launchJob.executeWithOptions({ summary }, [input]),
    );
    const { report } = launch;
    setCurrentDetails(
      `${report.outcome}: ${report.attempts} attempts, ${report.reclaims} reclaims` +
        (report.error === undefined ? '' : `\n\n${report.error}`),
    );
    if (launch.relaunch === undefined) {
      upsertSearchAttributes([
        { key: outcomeKey, value: report.outcome },
        { key: dollarsKey, value: report.dollars },
        ...(report.result === undefined ? [] : [{ key: bestAccuracyKey, value: report.result.accuracy }]),
      ]);
      return report;
    }
    earlier = launch.tally;
    await sleep(launch.relaunch.afterSeconds * 1000);
  }
};
