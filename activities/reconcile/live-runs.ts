import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { LaunchHeartbeat } from '../launch/await-launch.ts';

/** Temporal's testimony of what is under way. */
export interface LiveRuns {
  /** Is the run's workflow open? */
  isOpen(runId: string): Promise<boolean>;
  /**
   * Is the job's workflow open, and which Batch jobs did its launch name in its last heartbeat? The newest is
   * the first.
   */
  job(
    runId: string,
    jobId: string,
  ): Promise<{ readonly open: boolean; readonly batchJobIds?: readonly string[] }>;
  /** Batch queues that experiments of known runs name. */
  queues(): Promise<string[]>;
}

export const createLiveRuns = (client: Client): LiveRuns => {
  const describe = async (id: string) => {
    try {
      return await client.workflow.getHandle(id).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  };
  return {
    isOpen: async (runId) => (await describe(runId))?.status.name === 'RUNNING',
    job: async (runId, jobId) => {
      const description = await describe(`${runId}/${jobId}`);
      if (description?.status.name !== 'RUNNING') return { open: false };
      for (const { heartbeatDetails } of description.raw.pendingActivities ?? []) {
        const payload = heartbeatDetails?.payloads?.[0];
        if (payload === undefined || payload === null) continue;
        const beat = defaultPayloadConverter.fromPayload<Partial<LaunchHeartbeat>>(payload);
        if (beat.batchJobId !== undefined)
          return { open: true, batchJobIds: [beat.batchJobId, ...(beat.replaced ?? [])] };
      }
      return { open: true };
    },
    queues: async () => {
      const found = new Set<string>();
      for await (const { memo } of client.workflow.list({ query: 'WorkflowType = "protocol"' })) {
        const experiment = memo?.['experiment'] as { resources?: { queue?: string } } | undefined;
        if (experiment?.resources?.queue !== undefined) found.add(experiment.resources.queue);
      }
      return [...found];
    },
  };
};
