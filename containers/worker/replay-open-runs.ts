import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import workerPackage from '@temporalio/worker/package.json' with { type: 'json' };
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';

/** A workflow under way that this worker's code could not go on with. */
interface Unreplayable {
  readonly runId: string;
  readonly workflowId: string;
  readonly reason: string;
}

/** Build id that the SDK gives a worker with this workflow code; Temporal writes it into every history. */
export const workerBuild = (code: string): string =>
  `${workerPackage.name}@${workerPackage.version}+${createHash('sha256').update(code).digest('hex')}`;

/**
 * Why a worker does not start: with it these runs would stand still, and the worker of before can go on with
 * them.
 */
export const codeRefused = (refused: readonly Unreplayable[]): Error =>
  infrastructureError(
    refused
      .map(
        ({ workflowId, reason }) =>
          `${workflowId} is under way, and this worker's code cannot go on with it: ${reason}`,
      )
      .join('\n'),
    'run the worker of the version that they began with until they have ended (nas cancel RUN ends one), then start this one',
  );

/** The sentence that names the difference; the SDK hides it among its own structures. */
const reasonOf = (message: string): string => /\[TMPRL\d+\][^"]*/.exec(message)?.[0] ?? message;

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** The build that completed the newest workflow task; `undefined` where none was completed yet. */
const lastBuild = ({ events }: History): { readonly id: string } | undefined => {
  const completed = events?.findLast((event) => event.workflowTaskCompletedEventAttributes);
  return completed && { id: completed.workflowTaskCompletedEventAttributes?.workerVersion?.buildId ?? '' };
};

/**
 * Replays the histories of all workflows of runs that are under way, where another build has moved them last,
 * and answers those that this code would decide otherwise: with it they would stand still for ever.
 */
export const replayOpenRuns = async (
  client: Client,
  bundle: { readonly codePath: string },
): Promise<Unreplayable[]> => {
  const ours = workerBuild(await readFile(bundle.codePath, 'utf8'));
  async function* histories(): AsyncGenerator<{ workflowId: string; history: History }> {
    for await (const { workflowId, runId } of client.workflow.list({
      query: 'NasRun IS NOT NULL AND ExecutionStatus = "Running"',
    })) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const build = lastBuild(history);
      if (build !== undefined && build.id !== ours) yield { workflowId, history };
    }
  }
  const first = await histories().next();
  // Without any no isolate is started.
  if (first.done === true) return [];
  const found: Unreplayable[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: bundle },
    histories(),
  ))
    if (error !== undefined)
      found.push({ runId: workflowId.split('/')[0] as string, workflowId, reason: reasonOf(error.message) });
  return found;
};
