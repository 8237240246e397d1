import type { Client } from '@temporalio/client';
import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { QUICK } from '../../store/s3-retries.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { listRuns } from './list-runs.ts';
import { withTemporal } from './with-temporal.ts';
import type { TemporalSession } from './with-temporal.ts';

/** What a command works with: where things are, Temporal, and the store. */
export interface Session extends TemporalSession {
  readonly store: ObjectStore;
}

/** Connects, runs `work` and disconnects. Throws `InfrastructureError` when Temporal does not answer. */
export const withSession = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
  withTemporal((session) =>
    work({ ...session, store: createS3ObjectStore({ bucket: session.config.bucket, retries: QUICK }) }),
  );

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
