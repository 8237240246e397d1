import { CancellationScope, patched, proxyActivities } from '@temporalio/workflow';
import type { EndLaunchesInput, ProtocolActivities } from '../activities/contract.ts';

const { endLaunches } = proxyActivities<ProtocolActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * Carries out launches; when they fail, or are cancelled, whatever they may have left in Batch is ended
 * first: their worker may have been gone when they were given up, and nobody else waits for those jobs.
 */
export const endingLaunches = async <T>(job: EndLaunchesInput, launches: () => Promise<T>): Promise<T> => {
  try {
    return await launches();
  } catch (error) {
    if (patched('end-launches'))
      // Where there is no such queue nothing is left; the first failure is the one to report.
      await CancellationScope.nonCancellable(() =>
        endLaunches.executeWithOptions({ summary: `${job.jobId}: end what is left` }, [job]),
      ).catch(() => undefined);
    throw error;
  }
};
