import { programResultSchema } from '../../nas/job/program-result.ts';
import type { BatchJobs, BatchSubmission } from '../../activities/batch/batch-jobs.ts';
import { arrayChildId, jobArraySchema } from '../../nas/job/job-array.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import { createDocument, readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { parseS3Uri } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { simulatedResult } from './simulated-batch.ts';

/** Keys of the documents of a submission's jobs, by Batch's ids. */
const documentsOf = async (
  store: ObjectStore,
  id: string,
  { job, size }: BatchSubmission,
): Promise<[id: string, key: string][]> => {
  const { key } = parseS3Uri(job);
  if (size === undefined) return [[id, key]];
  const array = await readDocument(store, key, jobArraySchema);
  return (array?.jobs ?? []).map((jobId, index) => [
    arrayChildId(id, index),
    keys.job(array?.runId ?? '', jobId).document,
  ]);
};

/**
 * A Batch whose jobs train nothing: the result that each would write is there when Batch first says that it
 * has succeeded.
 */
export const withResults = (batch: BatchJobs, store: ObjectStore): BatchJobs => {
  const documents = new Map<string, string>();
  return {
    ...batch,
    submit: async (submission) => {
      const id = await batch.submit(submission);
      for (const [job, key] of await documentsOf(store, id, submission)) documents.set(job, key);
      return id;
    },
    describe: async (ids) => {
      const jobs = await batch.describe(ids);
      for (const { id, status } of jobs) {
        const key = status === 'SUCCEEDED' ? documents.get(id) : undefined;
        if (key === undefined) continue;
        documents.delete(id);
        const stored = await store.get(key);
        const document = JSON.parse(new TextDecoder().decode(stored?.body)) as JobDocument;
        const { result } = keys.job(document.runId, document.jobId);
        await createDocument(store, result, programResultSchema, simulatedResult(document));
      }
      return jobs;
    },
  };
};
