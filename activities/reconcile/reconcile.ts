import { CANCEL_REASON } from '../../nas/job/classify.ts';
import { JOB_TAGS } from '../../nas/job/deployment.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { searchOfTrial } from '../../nas/job/trial-job-id.ts';
import { readHint } from '../../store/json-documents.ts';
import { findResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import { acquireLease, currentLease } from '../../store/leases.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { NO_BATCH_JOB } from '../../nas/job/trainer-job.ts';
import type { LiveRuns } from './live-runs.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { SkippedQueue, UnfinishedJob, UnfinishedJobs } from './unfinished-jobs.ts';

/** Why something may go on, or why it was ended. */
export interface Finding {
  /**
   * `live`: proved to belong to a run under way; `new`: too young to judge; `done`: spent; `foreign`: not
   * this deployment's, or not provably so, and left alone; `orphan`: to be ended.
   */
  readonly state: 'live' | 'new' | 'done' | 'foreign' | 'orphan';
  readonly proof: string;
}

export interface ReconcileReport {
  readonly dryRun: boolean;
  /** `deploymentId` of who reconciles. */
  readonly deployment: string;
  /** Queues that could not be looked at. */
  readonly skipped: readonly SkippedQueue[];
  readonly jobs: readonly (UnfinishedJob & Finding & { readonly dollars: number })[];
  readonly leases: readonly (Finding & {
    readonly runId: string;
    readonly jobId: string;
    readonly epoch: number;
    readonly holder?: string;
  })[];
  readonly uploads: readonly (Finding & { readonly key: string; readonly uploadId: string })[];
  /** What orphaned jobs have cost until now. */
  readonly orphaned: { readonly jobs: number; readonly seconds: number; readonly dollars: number };
  /** Ended now, or what would be in a dry run. */
  readonly ended: { readonly jobs: number; readonly leases: number; readonly uploads: number };
}

interface ReconcileDependencies {
  readonly store: ObjectStore;
  readonly live: LiveRuns;
  /** `deploymentId`: nothing of any other deployment is touched. */
  readonly deployment: string;
  readonly unfinished: () => Promise<UnfinishedJobs>;
  readonly terminate: (batchJobId: string, reason: string) => Promise<void>;
}

/** A launch names its Batch job in a heartbeat within seconds; after this long it has or never will. */
const NEW_JOB_MS = 60_000;
/** A large upload takes minutes, never an hour. */
const NEW_UPLOAD_MS = 3_600_000;
/**
 * A process outside Batch (`nas verify-resume`) reports progress every few seconds; silent for longer than
 * this it is gone.
 */
const SILENT_MS = 600_000;
const LEASE = /^runs\/([^/]+)\/jobs\/(.+)\/lease\.json$/;
const RUN = /^runs\/([^/]+)\//;
/** The holder of leases that are taken only to shut out whoever had them. */
const RECONCILER = 'reconcile';

/**
 * Lists every unfinished Batch job, lease and upload in parts; proves that each belongs to a run under way;
 * ends the rest: jobs are terminated, leases taken over (so that no process that still lives can write a
 * checkpoint), uploads aborted. Safe to repeat, and beside running searches: what cannot be judged yet is
 * left alone. So is everything of other deployments, which may share queues and bucket with this one and
 * whose runs its Temporal does not know: a job is this deployment's by its tag, a lease or an upload by the
 * record of its run.
 */
export const reconcile = async (
  { store, live, deployment, unfinished, terminate }: ReconcileDependencies,
  options: { readonly now: number; readonly dryRun: boolean },
): Promise<ReconcileReport> => {
  const { now, dryRun } = options;

  const records = new Map<string, Promise<RunRecord | undefined>>();
  const recordOf = (runId: string): Promise<RunRecord | undefined> => {
    const known = records.get(runId) ?? readHint(store, keys.experiment(runId), runRecordSchema);
    records.set(runId, known);
    return known;
  };

  /** Why what belongs to the run is to be left alone, although its workflow is not under way here. */
  const foreignRun = async (runId: string): Promise<Finding | undefined> => {
    const record = await recordOf(runId);
    // Without a record no deployment has started it: it is a person's own (`nas verify-resume`).
    if (record === undefined || record.deployment === deployment) return undefined;
    return record.deployment === undefined
      ? { state: 'foreign', proof: `the record of run ${runId} names no deployment` }
      : { state: 'foreign', proof: `run ${runId} is of deployment ${record.deployment}` };
  };

  const judgeJob = async (job: UnfinishedJob): Promise<Finding> => {
    if (job.deployment !== undefined && job.deployment !== deployment)
      return { state: 'foreign', proof: `deployment ${job.deployment} submitted it` };
    const finding = await judgeOwn(job);
    return job.deployment === undefined && finding.state === 'orphan'
      ? {
          state: 'foreign',
          proof: `it has no tag ${JOB_TAGS.deployment} that says whose it is; here, ${finding.proof}`,
        }
      : finding;
  };

  const judgeOwn = async (job: UnfinishedJob): Promise<Finding> => {
    const workflow = `${job.runId}/${job.jobId}`;
    const testimony = await live.job(job.runId, job.jobId);
    if (testimony.batchJobIds?.includes(job.batchJobId) === true)
      return { state: 'live', proof: `workflow ${workflow} waits for it` };
    if (now - job.createdAt < NEW_JOB_MS)
      return { state: 'new', proof: `submitted ${Math.round((now - job.createdAt) / 1000)} s ago` };
    // The workflow of a search waits for all of its trials; one with a result has nothing left to do.
    const search = searchOfTrial(job.jobId);
    if (search !== undefined && (await live.job(job.runId, search)).open)
      // One that is damaged is being made again.
      return (await findResult(store, job)).kind === 'intact'
        ? { state: 'orphan', proof: `trial ${workflow} has its result` }
        : { state: 'live', proof: `search ${job.runId}/${search} waits for it` };
    if (!testimony.open) return { state: 'orphan', proof: `no workflow ${workflow} is under way` };
    return testimony.batchJobIds === undefined
      ? { state: 'new', proof: `workflow ${workflow} has not said yet which job it waits for` }
      : { state: 'orphan', proof: `workflow ${workflow} waits for ${testimony.batchJobIds.join(', ')}` };
  };

  const price = async (runId: string): Promise<number> =>
    (await recordOf(runId))?.experiment.resources.spotDollarsPerHour ?? 0;

  const jobs: ReconcileReport['jobs'][number][] = [];
  const listed = await unfinished();
  for (const job of listed.jobs) {
    const finding = await judgeJob(job);
    jobs.push({ ...job, ...finding, dollars: (job.seconds / 3600) * (await price(job.runId)) });
  }
  const orphans = jobs.filter(({ state }) => state === 'orphan');
  if (!dryRun)
    for (const { batchJobId, proof } of orphans)
      await terminate(batchJobId, `${CANCEL_REASON}: orphan, ${proof}`);

  const leases: ReconcileReport['leases'][number][] = [];
  for await (const { key } of store.list(keys.runs())) {
    const [, runId, jobId] = LEASE.exec(key) ?? [];
    if (runId === undefined || jobId === undefined) continue;
    const lease = await currentLease(store, { runId, jobId });
    if (lease === undefined) continue;
    const inUse = jobs.find((job) => job.runId === runId && job.jobId === jobId && job.state !== 'orphan');
    const finding = await judgeLease(runId, jobId, lease.holder, inUse);
    leases.push({ runId, jobId, ...lease, ...finding });
    if (finding.state === 'orphan' && !dryRun)
      await acquireLease(store, { runId, jobId, holder: RECONCILER });
  }

  async function judgeLease(
    runId: string,
    jobId: string,
    holder: string | undefined,
    inUse: UnfinishedJob | undefined,
  ): Promise<Finding> {
    if ((await store.head(keys.job(runId, jobId).result)) !== undefined)
      return { state: 'done', proof: 'the job has a result' };
    if (holder === RECONCILER) return { state: 'done', proof: 'taken over by an earlier reconciliation' };
    if (inUse !== undefined)
      return { state: 'live', proof: `Batch job ${inUse.batchJobId} is ${inUse.status}` };
    if ((await live.job(runId, jobId)).open)
      return { state: 'live', proof: `workflow ${runId}/${jobId} is under way` };
    // A job that was stopped at a checkpoint waits inside its run for its next launch.
    if (await live.isOpen(runId)) return { state: 'live', proof: `run ${runId} is under way` };
    const foreign = await foreignRun(runId);
    if (foreign !== undefined) return foreign;
    if (holder?.startsWith(`${NO_BATCH_JOB}#`) === true && (await lastSeen(runId, jobId)) > now - SILENT_MS)
      return { state: 'live', proof: `${holder} works on it outside Batch` };
    return { state: 'orphan', proof: `run ${runId} is over, and the job has no result` };
  }

  /** When a job's lease was taken or its progress was last written, milliseconds since 1970. */
  async function lastSeen(runId: string, jobId: string): Promise<number> {
    const { lease, progress } = keys.job(runId, jobId);
    const seen = await Promise.all([lease, progress].map((key) => store.head(key)));
    return Math.max(...seen.map((object) => object?.modifiedAt ?? 0));
  }

  const uploads: ReconcileReport['uploads'][number][] = [];
  for await (const upload of store.listUploads('')) {
    const runId = RUN.exec(upload.key)?.[1];
    const age = now - upload.startedAt;
    const open = runId !== undefined && (await live.isOpen(runId));
    const foreign = runId === undefined || open ? undefined : await foreignRun(runId);
    const finding: Finding =
      foreign ??
      (age > NEW_UPLOAD_MS
        ? { state: 'orphan', proof: `begun ${Math.round(age / 3_600_000)} h ago` }
        : open
          ? { state: 'live', proof: `run ${runId} is under way` }
          : runId === undefined
            ? { state: 'new', proof: 'begun within the hour' }
            : { state: 'orphan', proof: `run ${runId} is over` });
    uploads.push({ key: upload.key, uploadId: upload.uploadId, ...finding });
    if (finding.state === 'orphan' && !dryRun) await store.abortUpload(upload);
  }

  const count = (list: readonly Finding[]): number => list.filter(({ state }) => state === 'orphan').length;
  return {
    dryRun,
    deployment,
    skipped: listed.skipped,
    jobs,
    leases,
    uploads,
    orphaned: {
      jobs: orphans.length,
      seconds: orphans.reduce((sum, job) => sum + job.seconds, 0),
      dollars: orphans.reduce((sum, job) => sum + job.dollars, 0),
    },
    ended: { jobs: orphans.length, leases: count(leases), uploads: count(uploads) },
  };
};
