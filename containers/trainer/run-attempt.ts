import { InputError, inputError } from '../../nas/core/input-error.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { TrainingProgram } from '../../nas/training/program.ts';
import type { CheckpointIdentity, JobRef } from '../../store/checkpoint-documents.ts';
import {
  CheckpointMismatchError,
  restoreCheckpoint,
  type RestoredCheckpoint,
} from '../../store/checkpoints.ts';
import { writeResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import type { Lease } from '../../store/leases.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { attemptHistory, type AttemptLog } from './attempt-record.ts';
import { SURELY_FITS_BYTES, writeAllowance } from './cadence.ts';
import { recordLatency } from './latency.ts';
import { metadataEndpoint } from './metadata-service.ts';
import { describeError, type AttemptEnd } from './outcome.ts';
import { persist } from './persist.ts';
import { operationTrace } from './operation-trace.ts';
import { compilingProgress, progressReport, type ProgressReport } from './progress-report.ts';
import { openProgramData } from './resources.ts';
import type { AttemptSettings } from './settings.ts';
import { startSidecar, type Sidecar } from './sidecar.ts';
import { trainLoop, type Control, type LoopState } from './train-loop.ts';

const PROGRESS_SECONDS = 2;
const FENCE_SECONDS = 10;
const NOTICE_POLL_SECONDS = 2;

/**
 * The attempt proper, under a lease. Returns how it ended, or throws what ended it (see `endOf`).
 * Fills the attempt's record on the way: where it restored from, a notice when it comes, what training took.
 */
export const runAttempt = async (
  settings: AttemptSettings,
  document: JobDocument,
  lease: Lease,
  attempt: AttemptLog,
): Promise<AttemptEnd> => {
  const { store, retrySeconds, log, now } = settings;
  const { runId, jobId, checkpoint, experimentHash, threads } = document;
  const job = keys.job(runId, jobId);
  const identity: CheckpointIdentity = { experimentHash, codeVersion: settings.codeVersion, threads };
  const control: Control = { stop: false, checkpointNow: false, fenced: undefined };

  const hear = (kind: NonNullable<AttemptRecord['notice']>['kind']): void => {
    // A rebalance recommendation is no end yet: leaving would only bring the job back to the same instance.
    if (kind === 'rebalance') control.checkpointNow = true;
    else control.stop = true;
    log(`${jobId}: ${kind} notice`);
    // The SIGTERM that follows a reclaim notice tells nothing new.
    if (attempt.current.notice?.kind === 'reclaim') return;
    attempt
      .write({ notice: { kind, at: new Date().toISOString() } }, retrySeconds)
      .catch((error: unknown) => log(`notice not recorded: ${describeError(error)}`));
  };
  const stopListening = settings.listen(() => hear('sigterm'));
  const metadata = { endpoint: metadataEndpoint(settings.environment), pollSeconds: NOTICE_POLL_SECONDS };
  const sidecar = await startSidecar(
    {
      bucket: settings.bucket,
      runId,
      jobId,
      lease,
      batch: { batchJobId: attempt.current.batchJobId, batchAttempt: attempt.current.batchAttempt },
      identity,
      keep: checkpoint.keep,
      retrySeconds,
      metadata,
      progressSeconds: PROGRESS_SECONDS,
      fenceSeconds: FENCE_SECONDS,
    },
    { onNotice: ({ kind }) => hear(kind), onFenced: (error) => void (control.fenced ??= error) },
  );
  let program: TrainingProgram | undefined;
  try {
    const history = await persist(job.attempts, retrySeconds, () => attemptHistory(store, runId, jobId));
    const data = await openProgramData(store, document.dataset, settings.cache, retrySeconds);
    const { snapshot, walkedBack } = await persist(job.latest, retrySeconds, async () => {
      const own = await restoreCheckpoint(store, lease, identity).catch((error: unknown) => {
        throw error instanceof CheckpointMismatchError
          ? new InputError(
              `${error.message}. Fix: nas retry ${runId} --anew ${jobId} sets its checkpoints aside and trains it from the ` +
                'beginning by the code of today; or run it by the code and with the threads that wrote them',
              { cause: error },
            )
          : error;
      });
      return own.snapshot === undefined && document.continues !== undefined
        ? restoreEnd(store, { runId, jobId: document.continues }, identity, 'continues')
        : own;
    });
    const parent = snapshot === undefined ? document.inherits : undefined;
    const inherited =
      parent === undefined
        ? undefined
        : await persist(job.latest, retrySeconds, () =>
            restoreEnd(store, { runId, jobId: parent }, identity, 'inherits'),
          );
    for (const reason of [...walkedBack, ...(inherited?.walkedBack ?? [])])
      log(`${jobId}: checkpoint refused: ${reason}`);
    const fromStep = snapshot?.step ?? 0;
    await attempt.write({ fromStep, ...(walkedBack.length > 0 && { walkedBack }) }, retrySeconds);

    const state: LoopState = {
      checkpointStep: fromStep,
      checkpoints: 0,
      bytes: 0,
      stallSeconds: 0,
      lastWriteSeconds: 0,
    };
    /** Its report, from when the program is there. */
    const shown: { report?: ProgressReport } = {};
    const trace = operationTrace((operation, milliseconds) =>
      sidecar.progressNow(
        shown.report?.document() ?? compilingProgress(document, attempt, operation, fromStep),
        milliseconds,
      ),
    );
    const created = await settings.createProgram(
      document,
      { data, ...(inherited?.snapshot && { inherited: inherited.snapshot.tensors }) },
      {
        loaded: (software) =>
          attempt.write({ software: { code: settings.codeVersion, ...software } }, retrySeconds),
        begins: (operation) => trace.begins(operation),
      },
    );
    program = created.program;
    if (snapshot) program.restore(snapshot);
    else await refuseSlowStorage(program, sidecar, jobId, settings.noticeSeconds);
    log(`${jobId}: from step ${program.step} of ${program.totalSteps}`);

    const report = progressReport(program, document.program, trace, sidecar, attempt, state, now, log);
    shown.report = report;
    report.publish();
    const { end, trainSeconds, checkpoints } = await trainLoop(
      program,
      sidecar,
      control,
      {
        intervalSeconds: checkpoint.intervalSeconds,
        everySteps: checkpoint.everySteps,
        history,
        now,
        onStep: (step) => {
          report.publish();
          settings.onStep?.(step);
        },
      },
      state,
    );
    await attempt.write({ toStep: program.step, checkpoints, trainSeconds }, retrySeconds);
    log(
      `${report.line()}; ${checkpoints.count} checkpoints of ${checkpoints.bytes} bytes held training up for ` +
        `${checkpoints.stallSeconds.toFixed(3)} of ${trainSeconds.toFixed(1)} s`,
    );
    if (end === 'stopped') return 'preempted';
    if (control.fenced !== undefined) throw control.fenced;

    const timing = document.measureLatency
      ? await recordLatency(settings, document, program, created.software)
      : undefined;
    const result = program.result();
    const written = await persist(job.result, retrySeconds, () => writeResult(store, document, result));
    const mended = [timing, written.mended].filter((problem) => problem !== undefined);
    for (const problem of mended) log(`${jobId}: written anew: ${problem}`);
    if (mended.length > 0) await attempt.write({ mended }, retrySeconds);
    if (!written.identical)
      throw new Error(`${jobId}: an earlier attempt wrote another result: training was not reproducible`);
    report.publish();
    return 'succeeded';
  } finally {
    stopListening();
    await sidecar.close().catch((error: unknown) => log(describeError(error)));
    program?.dispose();
  }
};

/** The newest checkpoint of the job that the field names, normally that of its last step. */
const restoreEnd = async (
  store: ObjectStore,
  earlier: JobRef,
  identity: CheckpointIdentity,
  field: 'continues' | 'inherits',
): Promise<RestoredCheckpoint> => {
  const restored = await restoreCheckpoint(store, earlier, identity);
  if (restored.snapshot !== undefined) return restored;
  throw inputError(
    field,
    earlier.jobId,
    'a job of this run with a checkpoint that is intact',
    'restore its checkpoints from the versions of the bucket, or start the run under another name',
  );
};

/**
 * Refuses, before any training, a job whose whole state takes too long to write to be saved within a reclaim
 * notice. Measured by writing the first checkpoint; states that surely fit are not measured.
 */
const refuseSlowStorage = async (
  program: TrainingProgram,
  sidecar: Pick<Sidecar, 'save'>,
  jobId: string,
  noticeSeconds: number,
): Promise<void> => {
  const snapshot = program.snapshot();
  const bytes = Object.values(snapshot.tensors).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
  if (bytes <= SURELY_FITS_BYTES) return;
  const report = await sidecar.save(snapshot);
  const allowed = writeAllowance(noticeSeconds);
  if (!report || report.seconds <= allowed) return;
  throw inputError(
    `checkpoint of ${jobId}`,
    `${(bytes / 2 ** 20).toFixed(1)} MiB written in ${report.seconds.toFixed(1)} s`,
    `at most ${allowed} s, so that it fits the ${noticeSeconds} s between a reclaim notice and the reclaim`,
    'a smaller network (stages.*.network), an instance with more network bandwidth, or an on-demand queue (resources.queue)',
  );
};
