import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import { readHint, replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { persist } from './persist.ts';

/** The attempt's own document, `attempts/<epoch>.json`: rewritten as a whole, by this attempt alone. */
export interface AttemptLog {
  readonly runId: string;
  readonly current: AttemptRecord;
  /** Merges fields and writes the document; gives up after `seconds`. */
  write(fields: Partial<AttemptRecord>, seconds: number): Promise<void>;
}

export const attemptLog = (store: ObjectStore, runId: string, start: AttemptRecord): AttemptLog => {
  let current = start;
  const key = keys.job(runId, start.jobId).attempt(start.epoch);
  return {
    runId,
    get current() {
      return current;
    },
    write: async (fields, seconds) => {
      current = { ...current, ...fields };
      await persist(`attempt record ${key}`, seconds, () =>
        replaceDocument(store, key, attemptRecordSchema, current),
      );
    },
  };
};

/** What earlier attempts of the job tell about reclaims: how many there were and how many hours they ran. */
export const attemptHistory = async (
  store: ObjectStore,
  runId: string,
  jobId: string,
): Promise<{ readonly reclaims: number; readonly hours: number }> => {
  let reclaims = 0;
  let seconds = 0;
  const job = keys.job(runId, jobId);
  const crashed = new Set<string>();
  for await (const { key } of store.list(job.crashes)) crashed.add(key);
  for await (const { key } of store.list(job.attempts)) {
    // One that is damaged teaches nothing of the reclaim rate.
    const record = await readHint(store, key, attemptRecordSchema);
    if (record === undefined) continue;
    // An attempt without last words was killed without a notice, unless its own code killed it.
    const killed = record.outcome === undefined && !crashed.has(job.crash(record.epoch));
    if (record.outcome === 'preempted' || killed) reclaims += 1;
    seconds += record.trainSeconds ?? 0;
  }
  return { reclaims, hours: seconds / 3600 };
};
