import type { Client } from '@temporalio/client';

/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_QUEUE = 1;

/**
 * Builds of the workers that poll the task queue now: each names the version of the SDK and the SHA-256 of
 * the workflow code that it runs, as Temporal also writes it into every history.
 */
export const pollingBuilds = async (client: Client, taskQueue: string): Promise<string[]> => {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_QUEUE,
  });
  const builds = pollers.flatMap(
    ({ deploymentOptions, workerVersionCapabilities }) =>
      deploymentOptions?.buildId || workerVersionCapabilities?.buildId || [],
  );
  return [...new Set(builds)].sort();
};
