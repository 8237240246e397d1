import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import pLimit from 'p-limit';
import { z } from 'zod';
import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import { progressSchema, type Progress } from '../../nas/job/progress.ts';
import { lacksReport, withRecordedAttempts } from '../../nas/protocol/recorded-attempts.ts';
import type { JobView, RunView } from '../../nas/protocol/run-view.ts';
import { readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';
import { describeFailing, failingWorkflows, fixOfFailing } from './failing-workflows.ts';

/** A running job with what its process said last. */
export interface LiveJob extends JobView {
  /** `training`, `scoring`, … */
  readonly phase?: string;
  /** At the speed of the last seconds. */
  readonly secondsLeft?: number;
  /** Since when it waits for what `waits` says, ISO 8601. */
  readonly waitsSince?: string;
  readonly trainingEpoch?: number;
  /** Best validation score so far. */
  readonly bestAccuracy?: number;
  /** Best score so far of a search that weighs other measures too. */
  readonly bestScore?: number;
  /** Told to the strategy so far, of a search by trials; `totalSteps` is how many it will be. */
  readonly trials?: number;
}

const waitSchema = z.object({ waits: z.object({ since: z.string(), reason: z.string() }) });
type Wait = z.infer<typeof waitSchema>['waits'];

/** What the job's launch has said with its last heartbeat, or why its activity is tried again. */
const waitOf = async (client: Session['client'], runId: string, jobId: string): Promise<Wait | undefined> => {
  try {
    const { raw } = await client.workflow.getHandle(`${runId}/${jobId}`).describe();
    for (const { heartbeatDetails, lastFailure, lastAttemptCompleteTime } of raw.pendingActivities ?? []) {
      const payload = heartbeatDetails?.payloads?.[0];
      const beat = waitSchema.safeParse(
        payload === undefined || payload === null ? undefined : defaultPayloadConverter.fromPayload(payload),
      );
      if (beat.success) return beat.data.waits;
      // A worker that went away hands its jobs to the next one without a word.
      const reason =
        lastFailure?.applicationFailureInfo?.type === 'WorkerShutdown' ? '' : lastFailure?.message;
      const since = lastAttemptCompleteTime?.seconds;
      if (reason && since) return { since: new Date(Number(since) * 1000).toISOString(), reason };
    }
    return undefined;
  } catch {
    // The job has just begun or ended, or the server is busy: the next look tells.
    return undefined;
  }
};

/** What jobs and searches by trials say each for themselves. */
const furtherOf = (
  progress: Progress,
  { attempts, reclaims }: JobView,
): Pick<LiveJob, 'attempts' | 'reclaims' | 'trainingEpoch' | 'bestScore' | 'trials'> => {
  if ('trials' in progress) {
    const { trials, bestScore } = progress;
    return {
      trials,
      attempts: Math.max(attempts, progress.attempts ?? 0),
      reclaims: Math.max(reclaims, progress.reclaims ?? 0),
      ...(bestScore === undefined ? {} : { bestScore }),
    };
  }
  const { trainingEpoch } = progress;
  return { attempts, reclaims, ...(trainingEpoch === undefined ? {} : { trainingEpoch }) };
};

/** Reads at once at most. */
const limit = pLimit(16);

/** What the attempts of a job wrote of themselves; of a search by trials those of its trials too. */
const attemptsOf = async (
  { store }: Session,
  runId: string,
  job: JobView,
): Promise<readonly AttemptRecord[]> => {
  const key = keys.job(runId, job.jobId);
  const found: string[] = [];
  // A search has as many trials as it likes: while it runs it tells of them itself.
  const below = job.status === 'running' ? key.attempts : key.prefix;
  for await (const { key: at } of store.list(below)) if (/\/attempts\/\d+\.json$/.test(at)) found.push(at);
  const read = await limit.map(found, (at) => readHint(store, at, attemptRecordSchema));
  return read.flatMap((record) => record ?? []);
};

/**
 * Adds what the documents of a job without a report say; they are display only and may be missing.
 */
const liven = async (session: Session, runId: string, viewed: JobView): Promise<LiveJob> => {
  if (!lacksReport(viewed)) return viewed;
  const { client, store } = session;
  const job = withRecordedAttempts(viewed, await attemptsOf(session, runId, viewed));
  if (job.status !== 'running') return job;
  const wait = await waitOf(client, runId, job.jobId);
  const progress = await readHint(store, keys.job(runId, job.jobId).progress, progressSchema);
  const live = {
    ...job,
    ...(wait === undefined ? {} : { waits: wait.reason, waitsSince: wait.since }),
  };
  if (progress === undefined) return live;
  const { step, totalSteps, phase, stepsPerSecond, bestAccuracy } = progress;
  return {
    ...live,
    step,
    totalSteps,
    phase,
    ...(stepsPerSecond > 0 ? { secondsLeft: (totalSteps - step) / stepsPerSecond } : {}),
    ...(bestAccuracy === undefined ? {} : { bestAccuracy }),
    ...furtherOf(progress, live),
  };
};

export interface LiveStage extends Omit<RunView['stages'][number], 'jobs'> {
  readonly jobs: readonly LiveJob[];
}
export interface LiveView extends Omit<RunView, 'stages'> {
  readonly stages: readonly LiveStage[];
}

/**
 * gRPC's DEADLINE_EXCEEDED, and FAILED_PRECONDITION, by which a server says that it has seen no worker
 * lately.
 */
const NO_WORKER: readonly (number | undefined)[] = [4, 9];
const QUERY_MILLISECONDS = 20_000;

/**
 * How a run stands, from its workflow (which answers also when it has ended) and from its running jobs.
 * Throws `InputError` for an unknown run, `InfrastructureError` when no worker answers or the workflow's own
 * task fails.
 */
export const liveView = async (session: Session, runId: string): Promise<LiveView> => {
  const { client, config } = session;
  let view: RunView;
  const deadline = Date.now() + QUERY_MILLISECONDS;
  try {
    view = await client.connection.withDeadline(deadline, () =>
      client.workflow.getHandle(runId).query<RunView>('progress'),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError)
      throw await unknownRun(client, runId);
    if (!(error instanceof ServiceError)) throw error;
    // Where the server cannot be asked either, its own error says more.
    const failing = await failingWorkflows(client, runId).catch(() => []);
    if (failing.length > 0)
      throw infrastructureError(failing.map(describeFailing).join('\n'), fixOfFailing(failing, config), {
        cause: error,
      });
    const { code } = (error.cause ?? {}) as { readonly code?: number };
    if (NO_WORKER.includes(code) || Date.now() >= deadline)
      throw infrastructureError(
        `no worker answers for run ${runId}`,
        config.embedded === undefined
          ? 'start the worker (docs/aws.md)'
          : 'nas up starts the worker; nas doctor',
        { cause: error },
      );
    throw error;
  }
  const stages = await Promise.all(
    view.stages.map(async (stage) => ({
      ...stage,
      jobs: await Promise.all(stage.jobs.map((job) => liven(session, runId, job))),
    })),
  );
  return { ...view, stages };
};
