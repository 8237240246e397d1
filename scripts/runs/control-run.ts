import { hostname, userInfo } from 'node:os';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { stringify } from 'yaml';
import { EDITABLE, withEdits } from '../../nas/experiment/edits.ts';
import type { Edits } from '../../nas/experiment/edits.ts';
import { errorText } from '../../nas/core/error-text.ts';
import { InputError, inputError } from '../../nas/core/input-error.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { AuditEntry, RunView } from '../../nas/protocol/run-view.ts';
import { findRunRecord } from '../../store/run-records.ts';
import type { ControlRequest } from '../../workflows/contract.ts';
import { unknownRun, withSession } from './connect.ts';
import type { Session } from './connect.ts';

/** The run's record. Throws `InputError` for an unknown run. */
export const readRunRecord = async ({ client, store }: Session, runId: string): Promise<RunRecord> => {
  const record = /^[a-z0-9-]+$/.test(runId) ? await findRunRecord(store, runId) : undefined;
  if (record === undefined) throw await unknownRun(client, runId);
  return record;
};

/** `--set` assignments as edits of a run: checked as a whole experiment is. Throws `InputError`. */
export const parseEdits = (record: RunRecord, current: Edits, assignments: readonly string[]): Edits => {
  const fields = assignments.map((text) => text.split('=')[0] ?? '');
  const allowed = Object.keys(EDITABLE);
  for (const field of fields)
    if (!allowed.includes(field))
      throw inputError(
        `--set ${field}`,
        field,
        allowed.join(', '),
        suggestion(
          field,
          allowed,
          'everything else is part of finished work; nas fork starts a run that differs',
        ),
      );
  const { experiment } = loadExperiment(stringify(withEdits(record.experiment, current)), {
    file: record.runId,
    overrides: assignments,
  });
  return Object.assign(
    {},
    ...fields.map((field) => EDITABLE[field as keyof typeof EDITABLE](experiment)),
  ) as Edits;
};

/**
 * Asks a run that is under way to change, and returns it as it then stands. Throws `InputError` with the
 * reason when the run refuses.
 */
export const controlRun = async (
  { client }: Session,
  runId: string,
  change: ControlRequest['change'],
): Promise<RunView> => {
  const request: ControlRequest = { by: `${userInfo().username}@${hostname()}`, change };
  try {
    return await client.workflow
      .getHandle(runId)
      .executeUpdate<RunView, [ControlRequest]>('control', { args: [request] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new InputError(`${runId}: ${change.kind} is not allowed: ${errorText(error.cause ?? error)}`);
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const known = await client.workflow
      .getHandle(runId)
      .describe()
      .catch(() => undefined);
    if (known === undefined) throw await unknownRun(client, runId);
    throw inputError(
      'run',
      runId,
      'a run that is under way',
      known.status.name === 'COMPLETED'
        ? 'it is done; nas fork starts another one from its results'
        : 'nas retry goes on with it',
      { cause: error },
    );
  }
};

/** What a command prints of a change. */
const printChange = (view: RunView, json: boolean): void => {
  const entry: AuditEntry | undefined = view.audit?.at(-1);
  if (json)
    process.stdout.write(`${JSON.stringify({ runId: view.runId, status: view.status, change: entry })}\n`);
  else process.stderr.write(`${view.runId}: ${view.status}; ${entry?.action ?? ''}: ${entry?.text ?? ''}\n`);
};

/** A command that asks for one change and prints what came of it. */
export const changeRun = (
  runId: string,
  options: { readonly json?: boolean },
  change: ControlRequest['change'] | ((session: Session) => Promise<ControlRequest['change']>),
): Promise<void> =>
  withSession(async (session) => {
    const wanted = typeof change === 'function' ? await change(session) : change;
    printChange(await controlRun(session, runId, wanted), options.json === true);
  });
