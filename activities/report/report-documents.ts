import pLimit from 'p-limit';
import { crashRecordSchema, describeCrash } from '../../nas/job/crash.ts';
import type { z } from 'zod';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import { InputError } from '../../nas/core/input-error.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import type { ProgramResult } from '../../nas/job/program-result.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { latencyRecordSchema, timesTrials } from '../../nas/experiment/measures.ts';
import { isBlackBox } from '../../nas/search/strategy-schema.ts';
import { trialJobId } from '../../nas/job/trial-job-id.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import type { LoggedTrial } from '../../nas/search/trial-log.ts';
import type { RunDocuments } from '../../nas/report/build-report.ts';
import { receiptReportSchema } from '../../nas/report/receipt-report.ts';
import type { ReceiptReport } from '../../nas/report/receipt-report.ts';
import { readDataset } from '../../store/datasets.ts';
import { keys } from '../../store/keys.ts';
import { findDocument } from '../../store/mendable-documents.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openTrialLog } from '../../store/trial-log.ts';
import { bestOfTable } from '../search/look-up.ts';
import { lookUpScored } from '../documents/run-documents.ts';

/** Requests in flight at once. */
const PARALLEL = 16;

/**
 * Whether a job was submitted for the trial; trials in flight have one, unless they wait for another's
 * result.
 */
const hasJob = ({ end, copyOf }: LoggedTrial): boolean =>
  copyOf === undefined && (end === undefined || end.spent !== undefined);

/**
 * Reads all that a report of the run is made of, whatever there is of it: the run may be under way or have
 * failed.
 */
export const collectRunDocuments = async (
  store: ObjectStore,
  run: RunRecord,
  view: RunView,
  software: RunDocuments['software'],
): Promise<RunDocuments> => {
  const { runId } = run;
  const limit = pLimit(PARALLEL);
  const jobIds = view.stages.flatMap((stage) => stage.jobs.map(({ jobId }) => jobId));
  const damaged: string[] = [];
  /** A report is written of what there is, and says what it leaves out. */
  const intact = async <T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    const found = await findDocument(store, key, schema);
    if (found.kind === 'damaged') damaged.push(found.problem);
    return found.kind === 'intact' ? found.value : undefined;
  };
  const readAttempts = async (jobId: string): Promise<AttemptRecord[]> => {
    const found: AttemptRecord[] = [];
    for await (const { key } of store.list(keys.job(runId, jobId).attempts)) {
      const attempt = await intact(key, attemptRecordSchema);
      if (attempt === undefined) continue;
      // An attempt that crashed had no last words; what the worker found out stands for them.
      const crash =
        attempt.outcome === undefined
          ? await intact(keys.job(runId, jobId).crash(attempt.epoch), crashRecordSchema)
          : undefined;
      found.push(
        crash === undefined
          ? attempt
          : { ...attempt, endedAt: crash.at, outcome: 'crashed', error: describeCrash(crash) },
      );
    }
    return found;
  };
  const results: Record<string, ProgramResult> = {};
  const attempts: Record<string, readonly AttemptRecord[]> = {};
  await limit.map(jobIds, async (jobId) => {
    const [found, tried] = await Promise.all([lookUpScored(store, run, jobId), readAttempts(jobId)]);
    if (found.kind === 'intact') results[jobId] = found.stored.result;
    if (found.kind === 'damaged') damaged.push(found.problem);
    if (tried.length > 0) attempts[jobId] = tried;
  });
  const trials: Record<string, readonly LoggedTrial[]> = {};
  if (isBlackBox(run.experiment.strategy))
    await limit.map(
      view.stages.flatMap(({ jobs }) => jobs.filter(({ kind }) => kind === 'search')),
      async ({ jobId }) => {
        const { events, damage } = await openTrialLog(store, runId, jobId);
        if (damage !== undefined) damaged.push(`log of ${jobId}, after ${events.length} events: ${damage}`);
        const logged = trialsOf(events);
        if (logged.length > 0) trials[jobId] = logged;
      },
    );
  const trialJobIds = Object.entries(trials).flatMap(([search, logged]) =>
    logged.filter(hasJob).map(({ id }) => trialJobId(search, id)),
  );
  const devices = new Map<string, number>();
  await limit.map(trialJobIds, async (jobId) => {
    const tried = await readAttempts(jobId);
    if (tried.length > 0) attempts[jobId] = tried;
    if (!timesTrials(run.experiment)) return;
    const timing = await intact(keys.job(runId, jobId).latency, latencyRecordSchema);
    if (timing !== undefined) devices.set(timing.device, (devices.get(timing.device) ?? 0) + 1);
  });
  const stages = await limit.map(view.stages, ({ name }) =>
    intact(keys.stageResult(runId, name), stageRecordSchema),
  );
  const receipts: ReceiptReport[] = [];
  for await (const { key } of store.list(keys.receipts(run.experimentHash))) {
    const receipt = await intact(key, receiptReportSchema);
    if (receipt !== undefined) receipts.push(receipt);
  }
  const dataset = await readDataset(store, run.dataset.name);
  // Nor is a table that was replaced the one that was searched.
  const tableBest = await bestOfTable(store, run).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
  return {
    run,
    view,
    // A data set that was replaced since is not the one that was trained on.
    ...(dataset?.ref.sha256 === run.dataset.manifest.sha256 ? { dataset: dataset.manifest } : {}),
    stages: stages.flatMap((stage) => stage ?? []),
    results,
    attempts,
    trials,
    timedOn: Object.fromEntries([...devices].sort()),
    ...(tableBest === undefined ? {} : { tableBest }),
    receipts,
    ...(damaged.length === 0 ? {} : { damaged: damaged.sort() }),
    software,
  };
};
