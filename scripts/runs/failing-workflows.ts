import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import { inputError } from '../../nas/core/input-error.ts';
import type { LoadedConfig } from '../config.ts';

/**
 * A workflow of a run whose code cannot go on: every attempt at its workflow task fails, and its run stands
 * still.
 */
interface FailingWorkflow {
  readonly runId: string;
  /** The run's own, that of a stage or that of a job. */
  readonly workflowId: string;
  /** Temporal's, e.g. `NON_DETERMINISTIC_ERROR`. */
  readonly cause: string;
  /** The worker's words. */
  readonly message: string;
  /** How often it has been tried. */
  readonly attempts: number;
}

const RUN_ID = /^[a-z0-9-]+$/;
/** Questions under way at once. */
const REQUESTS = 32;
/** The newest events among which a failure stands, if there is one. */
const EVENTS = 20;
const CAUSES = proto.temporal.api.enums.v1.WorkflowTaskFailedCause;

/** The failure that the open workflow's task has met since it last succeeded. */
const failureOf = async (
  client: Client,
  workflowId: string,
): Promise<Omit<FailingWorkflow, 'runId' | 'workflowId'> | undefined> => {
  const { namespace } = client.options;
  const execution = { workflowId };
  const { pendingWorkflowTask } = await client.workflowService.describeWorkflowExecution({
    namespace,
    execution,
  });
  const attempts = pendingWorkflowTask?.attempt ?? 0;
  // The first attempt has not failed yet.
  if (attempts < 2) return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution,
    maximumPageSize: EVENTS,
  });
  for (const { workflowTaskFailedEventAttributes, workflowTaskCompletedEventAttributes } of history?.events ??
    []) {
    if (workflowTaskCompletedEventAttributes) return undefined;
    if (!workflowTaskFailedEventAttributes) continue;
    const { cause, failure } = workflowTaskFailedEventAttributes;
    return {
      cause: (CAUSES[cause ?? 0] ?? `cause ${String(cause)}`).replace('WORKFLOW_TASK_FAILED_CAUSE_', ''),
      message: failure?.message ?? '',
      attempts,
    };
  }
  return undefined;
};

/** Open workflows that cannot go on, of all runs or of one. */
export const failingWorkflows = async (client: Client, runId?: string): Promise<FailingWorkflow[]> => {
  if (runId !== undefined && !RUN_ID.test(runId))
    throw inputError('run', runId, 'lower-case letters, digits and dashes', 'nas list shows the runs');
  const ofRun = runId === undefined ? 'NasRun IS NOT NULL' : `NasRun = "${runId}"`;
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({
    query: `${ofRun} AND ExecutionStatus = "Running"`,
  }))
    ids.push(workflowId);
  const limit = pLimit(REQUESTS);
  const found = await limit.map(ids, async (workflowId) => {
    // One that has ended meanwhile is past failing.
    const failure = await failureOf(client, workflowId).catch(() => undefined);
    return failure === undefined
      ? []
      : [{ runId: workflowId.split('/')[0] as string, workflowId, ...failure }];
  });
  return found.flat();
};

/** One line that says what is wrong. */
export const describeFailing = ({ workflowId, message, cause, attempts }: FailingWorkflow): string =>
  `${workflowId} stands still: its workflow task has failed ${attempts - 1} times (${cause}): ${message}`;

/** What helps. */
export const fixOfFailing = (failing: readonly FailingWorkflow[], { embedded }: LoadedConfig): string => {
  const runs = [...new Set(failing.map(({ runId }) => runId))].join(', ');
  const log = embedded === undefined ? "the worker's log" : `${embedded.home}/logs/worker.log`;
  return failing.some(({ cause }) => cause === 'NON_DETERMINISTIC_ERROR')
    ? `the worker's workflow code is not the one that ${runs} began with: start the worker from the version that it was started with (git log), and it goes on where it stands; or end it with temporal workflow terminate, and nas reconcile ends its jobs`
    : `see ${log}; the run goes on by itself once the worker's code is mended`;
};
