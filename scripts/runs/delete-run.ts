import { hostname, userInfo } from 'node:os';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { inputError } from '../../nas/core/input-error.ts';
import { deleteRunObjects, planRunDeletion } from '../../store/delete-run.ts';
import type { RunDeletion } from '../../store/delete-run.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';

const PLAIN_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Whether the run's workflow is open; undefined where Temporal knows none of that name. */
const isOpen = async (client: Client, runId: string): Promise<boolean | undefined> => {
  try {
    return (await client.workflow.getHandle(runId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
};

/** What deleting the run would free. Throws `InputError` for an unknown run and for one that is under way. */
export const planDeletion = async ({ client, store }: Session, runId: string): Promise<RunDeletion> => {
  const open = PLAIN_NAME.test(runId) ? await isOpen(client, runId) : undefined;
  if (open === true)
    throw inputError(
      'run',
      runId,
      'a run that has ended',
      `nas cancel ${runId} ends it; what it has found is kept`,
    );
  const deletion = PLAIN_NAME.test(runId) ? await planRunDeletion(store, runId) : undefined;
  if (
    deletion === undefined ||
    (open === undefined && deletion.objects.length === 0 && deletion.kept.length === 0)
  )
    throw await unknownRun(client, runId);
  return deletion;
};

/** gRPC's NOT_FOUND: somebody else has deleted it. */
const NOT_FOUND = 5;

/** Every execution of the run and of its jobs, so that no list shows them. */
const forget = async (client: Client, runId: string): Promise<number> => {
  const { namespace } = client.options;
  let executions = 0;
  for await (const { workflowId, runId: executionId } of client.workflow.list({
    query: `NasRun = "${runId}"`,
  }))
    try {
      await client.workflowService.deleteWorkflowExecution({
        namespace,
        workflowExecution: { workflowId, runId: executionId },
      });
      executions++;
    } catch (error) {
      const code =
        typeof error === 'object' && error !== null && 'code' in error
          ? error.code
          : error instanceof ServiceError
            ? (error.cause as { code?: number } | undefined)?.code
            : undefined;
      if (code !== NOT_FOUND) throw error;
    }
  return executions;
};

const deletedRunSchema = z.strictObject({
  runId: z.string(),
  objects: z.number().int(),
  bytes: z.number().int(),
  kept: z.number().int(),
});
type DeletedRun = z.infer<typeof deletedRunSchema>;

/** Who deleted a run, when, and what that freed. */
const deletionSchema = deletedRunSchema.extend({
  version: z.literal(1),
  /** ISO 8601. */
  at: z.string(),
  /** `user@host`. */
  by: z.string(),
});

export const deletionSummary = (runId: string, { objects, kept }: RunDeletion): DeletedRun => ({
  runId,
  objects: objects.length,
  bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  kept: kept.length,
});

/**
 * Deletes what was planned, and leaves a record of it in the store, which comes first: what is cut short is
 * known too.
 */
export const deleteRun = async (
  { client, store }: Session,
  runId: string,
  deletion: RunDeletion,
  now: Date,
): Promise<DeletedRun> => {
  // A retry may have begun while somebody was asked.
  if ((await isOpen(client, runId)) === true)
    throw inputError(
      'run',
      runId,
      'a run that has ended',
      `it was started again; nas cancel ${runId} ends it`,
    );
  const at = now.toISOString();
  const summary = deletionSummary(runId, deletion);
  await createDocument(store, keys.deletion(runId, at), deletionSchema, {
    version: 1,
    at,
    by: `${userInfo().username}@${hostname()}`,
    ...summary,
  });
  await deleteRunObjects(store, runId, deletion);
  await forget(client, runId);
  return summary;
};
