import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { attemptRecordSchema } from '../../nas/protocol/documents.ts';
import { infrastructureError } from '../../nas/protocol/infrastructure-error.ts';
import type { JobView, RunView } from '../../nas/protocol/run-view.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';

const progressSchema = z.object({
  step: z.number(),
  totalSteps: z.number(),
  phase: z.string(),
  stepsPerSecond: z.number(),
  trainingEpoch: z.number().optional(),
  bestAccuracy: z.number().optional(),
  bestScore: z.number().optional(),
  trials: z.number().optional(),
});

/** A running job with what its process said last. */
export interface LiveJob extends JobView {
  /** `training`, `scoring`, … */
  readonly phase?: string;
  /** At the speed of the last seconds. */
  readonly secondsLeft?: number;
  readonly trainingEpoch?: number;
  /** Best validation accuracy so far, a fraction in [0, 1]. */
  readonly bestAccuracy?: number;
  /** Best score so far of a search that weighs other measures too. */
  readonly bestScore?: number;
  /** Told to the strategy so far, of a search by trials; `totalSteps` is how many it will be. */
  readonly trials?: number;
}

/** Adds what a running job's own documents say; they are display only and may be missing. */
const liven = async (store: ObjectStore, runId: string, job: JobView): Promise<LiveJob> => {
  if (job.status !== 'running') return job;
  const key = keys.job(runId, job.jobId);
  const progress = await readDocument(store, key.progress, progressSchema);
  let attempts = 0;
  let reclaims = 0;
  for await (const { key: attempt } of store.list(key.attempts)) {
    attempts++;
    // An attempt also leaves early when its run is paused: SIGTERM alone is no reclaim.
    if ((await readDocument(store, attempt, attemptRecordSchema))?.notice?.kind === 'reclaim') reclaims++;
  }
  const live = {
    ...job,
    attempts: Math.max(job.attempts, attempts),
    reclaims: Math.max(job.reclaims, reclaims),
  };
  if (progress === undefined) return live;
  const { step, totalSteps, phase, stepsPerSecond, trainingEpoch, bestAccuracy, bestScore, trials } =
    progress;
  return {
    ...live,
    step,
    totalSteps,
    phase,
    ...(stepsPerSecond > 0 ? { secondsLeft: (totalSteps - step) / stepsPerSecond } : {}),
    ...(trainingEpoch === undefined ? {} : { trainingEpoch }),
    ...(bestAccuracy === undefined ? {} : { bestAccuracy }),
    ...(bestScore === undefined ? {} : { bestScore }),
    ...(trials === undefined ? {} : { trials }),
  };
};

export interface LiveStage extends Omit<RunView['stages'][number], 'jobs'> {
  readonly jobs: readonly LiveJob[];
}
export interface LiveView extends Omit<RunView, 'stages'> {
  readonly stages: readonly LiveStage[];
}

/** gRPC's DEADLINE_EXCEEDED. */
const DEADLINE = 4;
const QUERY_MILLISECONDS = 20_000;

/**
 * How a run stands, from its workflow (which answers also when it has ended) and from its running jobs. Throws
 * `InputError` for an unknown run, `InfrastructureError` when no worker answers.
 */
export const liveView = async (session: Session, runId: string): Promise<LiveView> => {
  const { client, store, config } = session;
  let view: RunView;
  try {
    view = await client.connection.withDeadline(Date.now() + QUERY_MILLISECONDS, () =>
      client.workflow.getHandle(runId).query<RunView>('progress'),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError)
      throw await unknownRun(client, runId);
    if (error instanceof ServiceError && (error.cause as { code?: number } | undefined)?.code === DEADLINE)
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
      jobs: await Promise.all(stage.jobs.map((job) => liven(store, runId, job))),
    })),
  );
  return { ...view, stages };
};
