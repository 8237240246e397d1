import { hostname, userInfo } from 'node:os';
import { BatchClient } from '@aws-sdk/client-batch';
import { WorkflowNotFoundError } from '@temporalio/client';
import { createLiveRuns } from '../../activities/reconcile/live-runs.ts';
import { InputError, inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { searchOfTrial } from '../../nas/job/trial-job-id.ts';
import { retryRefusal } from '../../nas/protocol/retry-refusal.ts';
import type { RunView } from '../../nas/protocol/run-view.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { setCheckpointsAside } from '../../store/set-aside.ts';
import { unknownRun } from './connect.ts';
import type { Session } from './connect.ts';
import { controlRun, readRunRecord } from './control-run.ts';
import { retryRun } from './restart-run.ts';
import { newestRevision } from './settle-origin.ts';

const DOCUMENT = /^runs\/[^/]+\/jobs\/(.+)\/job\.json$/;

const launchedJobs = async (store: ObjectStore, runId: string): Promise<string[]> => {
  const jobs: string[] = [];
  for await (const { key } of store.list(keys.jobs(runId))) {
    const jobId = DOCUMENT.exec(key)?.[1];
    if (jobId !== undefined) jobs.push(jobId);
  }
  return jobs;
};

/**
 * That the job can begin anew, before anything of it is set aside: `board` is the job, or the search that it
 * is a trial of, as the run shows it.
 */
const checkJob = async (
  { client, store }: Session,
  { runId, jobId, board }: { readonly runId: string; readonly jobId: string; readonly board: string },
): Promise<'under way' | 'over'> => {
  const key = keys.job(runId, jobId);
  const known = await launchedJobs(store, runId);
  if (!known.includes(jobId))
    throw inputError(
      '--anew',
      jobId,
      known.join(', ') || `none: run ${runId} has launched no job`,
      suggestion(jobId, known, `nas status ${runId} lists the jobs`),
    );
  if ((await store.head(key.result)) !== undefined)
    throw inputError(
      '--anew',
      jobId,
      'a job without a result',
      'it has its result, which stays; nas fork starts a run that differs',
    );
  if ((await createLiveRuns(client).job(runId, board)).open)
    throw inputError(
      '--anew',
      jobId,
      'a job that has ended',
      `${board === jobId ? 'it' : `its search ${board}`} is under way; nas cancel ${runId} --job ${jobId} ends it`,
    );
  const handle = client.workflow.getHandle(runId);
  const { status } = await handle.describe().catch(async (error: unknown) => {
    throw error instanceof WorkflowNotFoundError ? await unknownRun(client, runId) : error;
  });
  if (status.name === 'COMPLETED')
    throw inputError('run', runId, 'a run that is not done', 'nas fork starts another one from its results');
  const { stages } = await handle.query<RunView>('progress');
  const stage = stages.find(({ jobs }) => jobs.some((job) => job.jobId === board));
  const job = stage?.jobs.find((one) => one.jobId === board);
  const isUnderWay = status.name === 'RUNNING';
  const refusal =
    stage === undefined || job === undefined
      ? `job ${board} is not planned. Fix: nas status ${runId} lists the jobs`
      : isUnderWay
        ? retryRefusal(job, stage)
        : stage.status === 'done'
          ? `stage ${stage.name} of job ${board} is done without it. Fix: nas fork repeats a stage`
          : undefined;
  if (refusal !== undefined) throw new InputError(`--anew ${jobId}: ${refusal}`);
  return isUnderWay ? 'under way' : 'over';
};

/**
 * Puts a job, or a trial of a search, back that cannot go on from its checkpoints, because they are of other
 * code: it begins at its first step, launched with the newest revision of the job definition. What was set
 * aside and by which code the job goes on stands in the run's audit trail; `revision` is for a Batch that is
 * not asked. Throws `InputError` for a job that has a result, is under way, or that the run has done without.
 */
export const startAnew = async (
  session: Session,
  runId: string,
  jobId: string,
  revision?: string,
): Promise<{ readonly jobDefinition: string; readonly checkpoints: number }> => {
  const { store, config } = session;
  await readRunRecord(session, runId);
  const board = searchOfTrial(jobId) ?? jobId;
  const state = await checkJob(session, { runId, jobId, board });
  const batch = new BatchClient({});
  const jobDefinition =
    revision ??
    (await newestRevision(batch, config.jobDefinition, 'nas doctor').finally(() => batch.destroy()));
  const by = `${userInfo().username}@${hostname()}`;
  const { checkpoints } = await setCheckpointsAside(
    store,
    { runId, jobId },
    { at: new Date().toISOString(), by, jobDefinition },
  );
  const note = `${board === jobId ? '' : `with ${jobId}, which `}begins anew with ${jobDefinition}; ${checkpoints.length} checkpoints of other code are set aside`;
  if (state === 'under way') await controlRun(session, runId, { kind: 'retry-job', jobId: board, note });
  else await retryRun(session, runId, `job ${board} ${note}`);
  return { jobDefinition, checkpoints: checkpoints.length };
};
