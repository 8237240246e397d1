import { hostname } from 'node:os';
import { inputError } from '../../nas/core/input-error.ts';
import { jsonOf } from '../../nas/core/json.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import { jobArraySchema } from '../../nas/job/job-array.ts';
import { latencyRecordSchema } from '../../nas/experiment/measures.ts';
import { EXIT_CODES } from '../../nas/job/outcome.ts';
import { NO_BATCH_JOB } from '../../nas/job/trainer-job.ts';
import { readDocument } from '../../store/json-documents.ts';
import { findResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import { acquireLease } from '../../store/leases.ts';
import { findDocument } from '../../store/mendable-documents.ts';
import { CorruptDocumentError } from '../../store/sealed-document.ts';
import type { ObjectStore, StoredObject } from '../../store/object-store.ts';
import { attemptLog, type AttemptLog } from './attempt-record.ts';
import { parseJobDocument } from '../../nas/job/job-document.ts';
import { awaitPredecessor, leaveToBatch, wasReplaced } from './handover.ts';
import { describeError, endOf, type AttemptEnd } from './outcome.ts';
import { persist } from './persist.ts';
import { runAttempt } from './run-attempt.ts';
import type { AttemptSettings } from './settings.ts';

const LAST_WORDS_SECONDS = 20;

/**
 * Runs one attempt of a job to its typed end: lease, restore, train, checkpoint, result. Resolves to the
 * process's exit code and never rejects; the reason of every end but success is logged and kept in the
 * attempt's record. A job whose result exists is not run again.
 */
export const runJob = async (settings: AttemptSettings): Promise<number> => {
  const { store, key, environment, retrySeconds, log } = settings;
  let attempt: AttemptLog | undefined;
  let end: AttemptEnd;
  let error: string | undefined;
  try {
    const document = await readJob(store, await ownKey(settings), retrySeconds);
    const { runId, jobId } = document;
    const job = keys.job(runId, jobId);
    const present = await persist(job.result, retrySeconds, () => findResult(store, document));
    if (present.kind === 'intact' && !(await lacksTiming(settings, document))) {
      log(`${jobId}: has its result already`);
      return EXIT_CODES.succeeded;
    }
    if (present.kind === 'damaged') log(`${jobId}: goes on from its last checkpoint: ${present.problem}`);
    const batchJobId = environment['AWS_BATCH_JOB_ID'] ?? '';
    const batchAttempt = Number(environment['AWS_BATCH_JOB_ATTEMPT'] ?? 1);
    const replaced = await persist(job.handovers, retrySeconds, () =>
      wasReplaced(store, document, { batchJobId, batchAttempt }),
    );
    if (replaced) {
      log(`${jobId}: another Batch job has replaced this one`);
      return EXIT_CODES.fenced;
    }
    await persist(job.handovers, retrySeconds, () =>
      awaitPredecessor(store, document, batchJobId, { noticeSeconds: settings.noticeSeconds, log }),
    );
    const host = hostname();
    const holder = `${batchJobId || NO_BATCH_JOB}#${batchAttempt}@${host}/${process.pid}`;
    const lease = await persist(job.lease, retrySeconds, () => acquireLease(store, { runId, jobId, holder }));
    log(`${jobId}: attempt ${lease.epoch} on ${host}`);
    attempt = attemptLog(store, runId, {
      jobId,
      epoch: lease.epoch,
      batchJobId,
      batchAttempt,
      host,
      startedAt: new Date().toISOString(),
      fromStep: 0,
    });
    end = await runAttempt(settings, document, lease, attempt);
  } catch (caught) {
    end = endOf(caught);
    error = describeError(caught);
    log(`${key}: ${end}: ${error}`);
    if (end === 'user-error' && caught instanceof Error && caught.stack) log(caught.stack);
  }
  // A fenced attempt writes nothing: the job belongs to a newer one.
  if (attempt && end !== 'fenced') {
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    await attempt
      .write(
        { endedAt: new Date().toISOString(), outcome: end, peakBytes, ...(error !== undefined && { error }) },
        LAST_WORDS_SECONDS,
      )
      .catch((cause: unknown) => log(`last words not recorded: ${describeError(cause)}`));
    if (end === 'preempted') end = await handOver(settings, attempt);
  }
  return EXIT_CODES[end];
};

/** Whether the job was to time its network, and the record of that is not there or damaged. */
const lacksTiming = async (
  { store, retrySeconds }: AttemptSettings,
  { runId, jobId, measureLatency }: JobDocument,
): Promise<boolean> => {
  if (measureLatency !== true) return false;
  const key = keys.job(runId, jobId).latency;
  const found = await persist(key, retrySeconds, () => findDocument(store, key, latencyRecordSchema));
  return found.kind !== 'intact';
};

/**
 * An attempt that was told to leave says who starts the next one. Without an answer of the storage Batch
 * does.
 */
const handOver = async (
  { store, log }: AttemptSettings,
  { runId, current: { jobId, epoch, batchJobId, notice } }: AttemptLog,
): Promise<AttemptEnd> => {
  if (notice?.kind !== 'reclaim' || batchJobId === '') return 'preempted';
  const key = keys.job(runId, jobId).handover(epoch);
  const next = await persist(key, LAST_WORDS_SECONDS, () =>
    leaveToBatch(store, { runId, jobId }, epoch, batchJobId),
  ).catch((cause: unknown) => {
    log(`handover not recorded: ${describeError(cause)}`);
    return 'batch' as const;
  });
  return next === 'batch' ? 'preempted' : 'replaced';
};

/** Key of the job document: the one given, or, for a child of a Batch array, that of its index. */
const ownKey = async ({ store, key, environment, retrySeconds }: AttemptSettings): Promise<string> => {
  const index = environment['AWS_BATCH_JOB_ARRAY_INDEX'];
  if (index === undefined) return key;
  const array = await persist(key, retrySeconds, () => readDocument(store, key, jobArraySchema));
  const jobId = array?.jobs[Number(index)];
  if (array === undefined || jobId === undefined)
    throw inputError(
      'job',
      store.uri(key),
      `the URI of a list of jobs with index ${index}`,
      'launch the job with `nas run`',
    );
  return keys.job(array.runId, jobId).document;
};

const jsonIn = ({ body }: StoredObject, uri: string): unknown => {
  try {
    return jsonOf(Buffer.from(body).toString('utf8'));
  } catch (cause) {
    const fix = 'wait for the next launch, which writes it anew';
    throw new CorruptDocumentError(`${uri}: damaged: not JSON`, { cause, fix });
  }
};

const readJob = async (store: ObjectStore, key: string, retrySeconds: number): Promise<JobDocument> => {
  const uri = store.uri(key);
  const stored = await persist(uri, retrySeconds, () => store.get(key));
  if (!stored)
    throw inputError('job', uri, 'the URI of an existing job document', 'launch the job with `nas run`');
  const document = parseJobDocument(jsonIn(stored, uri), uri);
  const place = keys.job(document.runId, document.jobId).document;
  if (key !== place)
    throw inputError('job', uri, store.uri(place), 'a job document is read from its own place in its run');
  return document;
};
