import type { Client } from '@temporalio/client';
import type { TaskKind } from '../../nas/task/terms.ts';

/** Visibility's name of the protocol's workflow type. */
const RUNS = 'WorkflowType = "protocol"';

export interface RunListing {
  readonly runId: string;
  readonly experiment: string;
  readonly status: 'running' | 'done' | 'failed' | 'cancelled';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly stage?: string;
  /** Kind of the experiment's task; absent where Temporal does not know the experiment. */
  readonly task?: TaskKind;
  /** Test score of the winner, of the task's metric. */
  readonly bestAccuracy?: number;
  readonly dollars?: number;
}

const STATUS: Readonly<Record<string, RunListing['status']>> = {
  RUNNING: 'running',
  CONTINUED_AS_NEW: 'running',
  PAUSED: 'running',
  COMPLETED: 'done',
  CANCELLED: 'cancelled',
  TERMINATED: 'cancelled',
};

/** All runs that Temporal knows, newest first; `also` is a further part of the visibility query, ` AND …`. */
export const listRuns = async (client: Client, also = ''): Promise<RunListing[]> => {
  const byId = new Map<string, RunListing>();
  for await (const info of client.workflow.list({ query: `${RUNS}${also}` })) {
    const { name: experiment = '', task } = (info.memo?.['experiment'] ?? {}) as {
      readonly name?: string;
      readonly task?: { readonly kind: TaskKind };
    };
    const attribute = (name: string): unknown => {
      const value: unknown = info.searchAttributes[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const stage = attribute('NasStage');
    const best = attribute('NasBestAccuracy');
    const dollars = attribute('NasDollars');
    const listing: RunListing = {
      runId: info.workflowId,
      experiment,
      status: STATUS[info.status.name] ?? 'failed',
      startedAt: info.startTime.toISOString(),
      ...(info.closeTime === undefined ? {} : { endedAt: info.closeTime.toISOString() }),
      ...(task === undefined ? {} : { task: task.kind }),
      ...(typeof stage === 'string' ? { stage } : {}),
      ...(typeof best === 'number' ? { bestAccuracy: best } : {}),
      ...(typeof dollars === 'number' ? { dollars } : {}),
    };
    // A run that continued as new has several executions; the newest tells.
    const known = byId.get(listing.runId);
    if (known === undefined || known.startedAt < listing.startedAt) byId.set(listing.runId, listing);
  }
  return [...byId.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
};
