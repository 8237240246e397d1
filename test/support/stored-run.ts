import { z } from 'zod';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { programResultSchema } from '../../nas/job/program-result.ts';
import { resumeReceiptSchema } from '../../nas/job/receipt.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { REPORT_SOFTWARE } from '../../activities/report/report.ts';
import type { TrialEvent } from '../../nas/search/trial-log.ts';
import type { RunDocuments } from '../../nas/report/build-report.ts';
import { createDocument, replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openTrialLog } from '../../store/trial-log.ts';

/** Puts a run into a store as jobs and protocol leave it there. */
export const storedRun = async (
  documents: RunDocuments,
): Promise<{ store: ObjectStore; documents: RunDocuments }> => {
  const store = createMemoryObjectStore();
  const { runId } = documents.run;
  const dataset = await createDocument(store, keys.dataset(documents.run.dataset.name), z.unknown(), {
    ...documents.dataset,
    // A manifest has shards; the report leaves them out.
    splits: {
      train: { count: 8000, shards: [{ blob: { sha256: 'a'.repeat(64), bytes: 1 }, count: 8000 }] },
      test: { count: 2000, shards: [{ blob: { sha256: 'b'.repeat(64), bytes: 1 }, count: 2000 }] },
    },
  });
  const run = { ...documents.run, dataset: { ...documents.run.dataset, manifest: dataset.ref } };
  await createDocument(store, keys.experiment(runId), runRecordSchema, run);
  for (const record of documents.stages)
    await createDocument(store, keys.stageResult(runId, record.stage), stageRecordSchema, record);
  for (const receipt of documents.receipts) {
    await createDocument(store, keys.receipt(run.experimentHash, receipt.runId), resumeReceiptSchema, {
      version: 1,
      experiment: 'quickstart',
      ...receipt,
    });
  }
  for (const [jobId, result] of Object.entries(documents.results)) {
    await createDocument(store, keys.job(runId, jobId).result, programResultSchema, result);
  }
  for (const [jobId, attempts] of Object.entries(documents.attempts)) {
    for (const attempt of attempts)
      await replaceDocument(
        store,
        keys.job(runId, jobId).attempt(attempt.epoch),
        attemptRecordSchema,
        attempt,
      );
  }
  for (const [jobId, trials] of Object.entries(documents.trials)) {
    const { log } = await openTrialLog(store, runId, jobId);
    const told = trials.flatMap(({ id, end, copyOf, toldAt = 0 }) =>
      end === undefined ? [] : [{ toldAt, trial: { id, end, ...(copyOf === undefined ? {} : { copyOf }) } }],
    );
    await log.append([
      {
        kind: 'asked',
        trials: trials.map(({ id, ordinal, genotype, hash, fidelity, note }) => ({
          id,
          ordinal,
          genotype,
          hash,
          fidelity,
          note,
        })),
      },
      ...told.sort((a, b) => a.toldAt - b.toldAt).map(({ trial }): TrialEvent => ({ kind: 'told', trial })),
    ]);
  }
  return { store, documents: { ...documents, run, software: REPORT_SOFTWARE } };
};
