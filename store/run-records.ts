import { runRecordSchema } from '../nas/experiment/run-record.ts';
import type { RunRecord } from '../nas/experiment/run-record.ts';
import { createDocument } from './json-documents.ts';
import { keys } from './keys.ts';
import { createOrMend, findDocument } from './mendable-documents.ts';
import type { ObjectStore } from './object-store.ts';
import { CorruptDocumentError, RESTORE } from './sealed-document.ts';

/**
 * Writes the record of a run and a copy of it: nothing else in the store says what the run is. False when the
 * name is in use.
 */
export const createRunRecord = async (store: ObjectStore, record: RunRecord): Promise<boolean> => {
  if (!(await createDocument(store, keys.experiment(record.runId), runRecordSchema, record)).identical)
    return false;
  await createDocument(store, keys.experimentCopy(record.runId), runRecordSchema, record);
  return true;
};

/**
 * The record of a run. One that is damaged is written anew from its copy; throws `CorruptDocumentError` where
 * there is none intact.
 */
export const findRunRecord = async (store: ObjectStore, runId: string): Promise<RunRecord | undefined> => {
  const key = keys.experiment(runId);
  const found = await findDocument(store, key, runRecordSchema);
  if (found.kind === 'intact') return found.value;
  const copy = await findDocument(store, keys.experimentCopy(runId), runRecordSchema);
  if (copy.kind === 'intact') {
    await createOrMend(store, key, runRecordSchema, copy.value);
    return copy.value;
  }
  if (found.kind === 'absent') return undefined;
  throw new CorruptDocumentError(found.problem, { fix: `${RESTORE}, then nas retry ${runId}` });
};
