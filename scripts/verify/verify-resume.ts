import { setTimeout as sleep } from 'node:timers/promises';
import { resumeReceiptSchema } from '../../nas/job/receipt.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { codeVersion } from '../../containers/trainer/code-version.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { jobDocumentSchema, type JobDocument } from '../../nas/job/job-document.ts';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import { jobDocument } from '../../nas/protocol/plan.ts';
import { jobProgressSchema } from '../../nas/job/progress.ts';
import { comparedParts, type ReceiptAttempt, type ResumeReceipt } from '../../nas/job/receipt.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { sha256 } from '../../nas/core/hash.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { fingerprint } from '../../nas/training/programs/fingerprint.ts';
import { pinCheckpoint } from '../../store/checkpoint-retention.ts';
import { restoreCheckpoint } from '../../store/checkpoints.ts';
import { createDocument, readDocument, readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { runTrainer, type TrainerEnd } from './trainer-process.ts';

interface Verification {
  readonly store: ObjectStore;
  /** A run of its own, which will hold the two jobs. */
  readonly record: RunRecord;
  /** The job that is run twice. */
  readonly job: PlannedJob;
  /** Steps after which the second is killed, or how many to draw at random with a seed. */
  readonly kills: { readonly at: readonly number[] } | { readonly count: number; readonly seed: number };
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

const UNDISTURBED = 'undisturbed';
const KILLED = 'killed';

const expectEnd = (what: string, end: TrainerEnd, expected: 0 | 'SIGKILL'): void => {
  if ((expected === 0 && end.code === 0) || end.signal === expected) return;
  throw new Error(`${what} ended with ${end.signal ?? `exit code ${end.code}`}:\n${end.log}`);
};

/** Steps of the job, as its first attempt says once it is under way. */
const totalSteps = async (store: ObjectStore, runId: string, first: Promise<TrainerEnd>): Promise<number> => {
  let ended = false;
  void first.finally(() => (ended = true)).catch(() => undefined);
  for (;;) {
    const progress = await readHint(store, keys.job(runId, UNDISTURBED).progress, jobProgressSchema);
    // While its program is made it has none.
    if (progress && progress.totalSteps > 0) return progress.totalSteps;
    if (ended) expectEnd('the undisturbed job', await first, 0);
    await sleep(250);
  }
};

const killSteps = (kills: Verification['kills'], total: number): number[] => {
  const steps =
    'at' in kills
      ? kills.at
      : randomFromSeed(kills.seed).sample(
          Array.from({ length: total - 1 }, (_, i) => i + 1),
          Math.min(kills.count, total - 1),
        );
  const beyond = steps.find((step) => step > total);
  if (beyond !== undefined)
    throw inputError(
      '--at',
      beyond,
      `1 to ${total}: the job has ${total} steps`,
      'kill at an earlier step, or lengthen the job with --set',
    );
  return [...new Set(steps)].sort((a, b) => a - b);
};

/** A cadence that puts a checkpoint before every kill, so that each restart restores one. */
const everySteps = (kills: readonly number[], total: number): number =>
  Math.max(1, Math.min(...kills.map((step) => Math.floor(step / 2)), Math.ceil(total / 10)));

/** The finished job's state and result by hash. */
const partsOf = async (store: ObjectStore, document: JobDocument): Promise<Record<string, string>> => {
  const { runId, jobId, experimentHash, threads } = document;
  const identity = { experimentHash, threads, codeVersion: codeVersion() };
  const { snapshot, manifest } = await restoreCheckpoint(store, { runId, jobId }, identity);
  const result = await store.get(keys.job(runId, jobId).result);
  if (!snapshot || !manifest || !result)
    throw new Error(`job ${jobId} of ${runId} left no checkpoint or no result`);
  await pinCheckpoint(store, { runId, jobId }, manifest, 'resume receipt');
  return { ...fingerprint(snapshot), result: sha256(result.body) };
};

/**
 * Runs a job twice as real processes at the same time, left alone and killed with SIGKILL at the given steps,
 * compares everything they end with, and stores the receipt.
 *
 * @throws InputError when a step lies beyond the job's end.
 */
export const verifyResume = async (verification: Verification): Promise<ResumeReceipt> => {
  const { store, record, job, log, now } = verification;
  const { runId } = record;
  await createDocument(store, keys.experiment(runId), runRecordSchema, record);
  const submit = async (document: JobDocument): Promise<string> => {
    const key = keys.job(runId, document.jobId).document;
    await createDocument(store, key, jobDocumentSchema, document);
    return store.uri(key);
  };
  const left = jobDocument(record, { ...job, jobId: UNDISTURBED });
  const stop = new AbortController();
  const undisturbed = runTrainer(await submit(left), stop.signal);
  undisturbed.catch(() => undefined);
  try {
    const total = await totalSteps(store, runId, undisturbed);
    const steps = killSteps(verification.kills, total);
    log(`${total} steps; kill -9 after ${steps.join(', ')}`);

    const base = jobDocument(record, { ...job, jobId: KILLED });
    const killed: JobDocument = {
      ...base,
      checkpoint: { ...base.checkpoint, everySteps: everySteps(steps, total) },
    };
    const uri = await submit(killed);
    for (const step of steps) {
      expectEnd(`the job to be killed at step ${step}`, await runTrainer(uri, stop.signal, step), 'SIGKILL');
      log(`killed after step ${step}`);
    }
    expectEnd('the killed job', await runTrainer(uri, stop.signal), 0);
    log('the killed job has finished');
    expectEnd('the undisturbed job', await undisturbed, 0);
    log('the undisturbed job has finished');

    const attempts: ReceiptAttempt[] = [];
    for await (const { key } of store.list(keys.job(runId, KILLED).attempts)) {
      const attempt = await readDocument(store, key, attemptRecordSchema);
      if (attempt === undefined) throw new Error(`${key} is gone`);
      const killedAt = steps[attempts.length];
      const { epoch, fromStep } = attempt;
      attempts.push({ epoch, fromStep, ...(killedAt !== undefined && { killedAt }) });
    }
    const createdAt = now().toISOString();
    const receipt: ResumeReceipt = {
      version: 1,
      experiment: record.experiment.name,
      experimentHash: record.experimentHash,
      program: left.program,
      codeVersion: codeVersion(),
      threads: left.threads,
      totalSteps: total,
      attempts,
      ...comparedParts(await partsOf(store, left), await partsOf(store, killed)),
      runId,
      createdAt,
    };
    await createDocument(store, keys.receipt(record.experimentHash, runId), resumeReceiptSchema, receipt);
    return receipt;
  } finally {
    stop.abort();
  }
};
