import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';

const RECONCILE_SCHEDULE = 'nas-reconcile';

/**
 * Has Temporal start `reconcileRuns` every quarter of an hour; a schedule that is there, also a paused one,
 * is kept.
 */
export const ensureReconcileSchedule = async (client: Client, taskQueue: string): Promise<void> => {
  try {
    await client.schedule.create({
      scheduleId: RECONCILE_SCHEDULE,
      spec: { intervals: [{ every: '15 minutes' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP },
      action: {
        type: 'startWorkflow',
        workflowType: 'reconcileRuns',
        workflowId: 'nas-reconcile',
        taskQueue,
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
};
