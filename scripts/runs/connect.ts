import { Client, Connection, ServiceError } from '@temporalio/client';
import { temporalConnection } from '../../containers/worker/temporal-connection.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { TaskKind } from '../../nas/task/terms.ts';
import { QUICK } from '../../store/s3-retries.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { useConfig } from '../config.ts';
import type { LoadedConfig } from '../config.ts';

/** What a command works with: where things are, Temporal, and the store. */
export interface Session {
  readonly config: LoadedConfig;
  readonly client: Client;
  readonly store: ObjectStore;
}

const CONNECT_MILLISECONDS = 5_000;

const whatToDo = (config: LoadedConfig): string =>
  config.embedded === undefined
    ? `check temporalAddress in ${config.source}, TLS and API key (docs/aws.md), then nas doctor`
    : 'nas up starts what does not run, nas doctor says what is wrong';

/** Connects, runs `work` and disconnects. Throws `InfrastructureError` when Temporal does not answer. */
export const withSession = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
  const config = useConfig();
  let connection: Connection;
  try {
    connection = await Connection.connect({
      ...temporalConnection(config, process.env),
      connectTimeout: CONNECT_MILLISECONDS,
    });
  } catch (cause) {
    throw infrastructureError(`Temporal at ${config.temporalAddress} does not answer`, whatToDo(config), {
      cause,
    });
  }
  try {
    const client = new Client({ connection, namespace: config.temporalNamespace });
    return await work({
      config,
      client,
      store: createS3ObjectStore({ bucket: config.bucket, retries: QUICK }),
    });
  } catch (error) {
    // gRPC's UNAVAILABLE: the server went away in between.
    if (error instanceof ServiceError && (error.cause as { code?: number } | undefined)?.code === 14)
      throw infrastructureError(`Temporal at ${config.temporalAddress} went away`, whatToDo(config), {
        cause: error,
      });
    throw error;
  } finally {
    await connection.close();
  }
};

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

/** The error for a run that nobody knows, with the nearest name. */
export const unknownRun = async (client: Client, runId: string): Promise<Error> => {
  const known = (await listRuns(client)).map((run) => run.runId);
  return inputError(
    'run',
    runId,
    known.length === 0 ? 'a run that was started; there is none' : known.slice(0, 10).join(', '),
    suggestion(runId, known, 'nas list shows the runs'),
  );
};

/** Whether Temporal knows a run of that name. */
export const isRun = async (client: Client, runId: string): Promise<boolean> =>
  (await listRuns(client)).some((run) => run.runId === runId);

/** Throws `InputError` for the name of no run, for commands that ask Batch alone. */
export const knownRun = (runId: string): Promise<void> =>
  withSession(async ({ client }) => {
    if (!(await isRun(client, runId))) throw await unknownRun(client, runId);
  });
