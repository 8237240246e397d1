import { crashSignal } from '../../nas/job/classify.ts';
import { crashPlace, crashRecordSchema, describeCrash } from '../../nas/job/crash.ts';
import type { CrashRecord } from '../../nas/job/crash.ts';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import { jobProgressSchema } from '../../nas/job/progress.ts';
import { readHint, replaceDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** What became known of a crash. */
export interface Crash {
  /** The same for crashes in the same operation. */
  readonly place: string;
  /** For people: what crashed, and how to report it. */
  readonly text: string;
}

const newestAttempt = async (
  store: ObjectStore,
  runId: string,
  jobId: string,
  batchJobId: string,
): Promise<AttemptRecord | undefined> => {
  let newest: AttemptRecord | undefined;
  for await (const { key } of store.list(keys.job(runId, jobId).attempts)) {
    const record = await readHint(store, key, attemptRecordSchema);
    if (record?.batchJobId === batchJobId) newest = record;
  }
  return newest;
};

/**
 * Records the crash of the newest attempt of a Batch job beside that attempt's own record, from what the
 * attempt has left: it could not say anything any more. Safe to repeat.
 */
export const recordCrash = async (
  store: ObjectStore,
  { runId, jobId }: { readonly runId: string; readonly jobId: string },
  batchJobId: string,
  {
    exitCode,
    stoppedAt,
  }: { readonly exitCode?: number | undefined; readonly stoppedAt?: number | undefined },
): Promise<Crash> => {
  const key = keys.job(runId, jobId);
  const signal = crashSignal(exitCode) ?? 'a crash';
  const logs = `nas logs ${runId} ${jobId} > crash.log`;
  const attempt = await newestAttempt(store, runId, jobId, batchJobId);
  if (attempt === undefined || exitCode === undefined)
    return {
      place: crashPlace({}),
      text: `${describeCrash({ signal })}. To report it, attach crash.log of: ${logs}`,
    };
  const progress = await readHint(store, key.progress, jobProgressSchema);
  const { epoch, host, software } = attempt;
  const last = progress?.epoch === epoch && progress.batchJobId === batchJobId ? progress : undefined;
  const crash: CrashRecord = {
    version: 1,
    jobId,
    epoch,
    batchJobId,
    host,
    signal,
    exitCode,
    at: new Date(stoppedAt ?? Date.now()).toISOString(),
    ...(last && { phase: last.phase, step: last.step, totalSteps: last.totalSteps }),
    ...(last?.program !== undefined && { program: last.program }),
    ...(last?.operation !== undefined && { operation: last.operation }),
    ...(software && { software }),
  };
  await replaceDocument(store, key.crash(epoch), crashRecordSchema, crash);
  return {
    place: crashPlace(crash),
    text:
      `${describeCrash(crash)}. To report it, attach ${store.uri(key.crash(epoch))}, ` +
      `${store.uri(key.document)} and crash.log of: ${logs}`,
  };
};
