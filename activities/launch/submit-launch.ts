import { z } from 'zod';
import { sha256 } from '../../nas/core/hash.ts';
import { CANCEL_REASON } from '../../nas/job/classify.ts';
import { JOB_TAGS } from '../../nas/job/deployment.ts';
import { jobDocument } from '../../nas/protocol/plan.ts';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { keys } from '../../store/keys.ts';
import { createOrMend } from '../../store/mendable-documents.ts';
import { CorruptDocumentError, RESTORE } from '../../store/sealed-document.ts';
import { newestAnew } from '../../store/set-aside.ts';
import type { BatchSubmission } from '../batch/batch-jobs.ts';
import type { LaunchInput } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';

const NAME_LIMIT = 128;

/** Which Batch job of a job it is. */
interface LaunchName {
  /** From 1. */
  readonly launch: number;
  /** See `TrainJobInput.round`. */
  readonly round?: string | undefined;
  /**
   * Lease epoch of the attempt that it replaces before that has left; absent for the launch's first Batch
   * job.
   */
  readonly replaces?: number | undefined;
}

/** What a tail leaves of a name in any case. */
const BEGINNING = 80;

/**
 * Begins the names of all Batch jobs of a job of a run, of its trials and of their arrays; those of others
 * may begin so too.
 */
export const batchNameBeginning = (runId: string, jobId: string): string =>
  `${runId}--${jobId.replaceAll('/', '-')}`.slice(0, BEGINNING);

/**
 * The name of a Batch job. SubmitJob has no client token, so the name is the token: it is unique for run,
 * experiment, job, round, launch and replacement, and for the deployment, which may share its queue with
 * others; it is looked up before submitting.
 */
export const batchJobName = (
  run: Pick<RunRecord, 'runId' | 'experimentHash' | 'deployment'>,
  jobId: string,
  { launch, round, replaces }: LaunchName,
): string => {
  const parts = [
    ...(round === undefined ? [] : [round]),
    launch,
    ...(replaces === undefined ? [] : [`after${replaces}`]),
    sha256(
      [run.experimentHash, run.runId, jobId, ...(run.deployment === undefined ? [] : [run.deployment])].join(
        '/',
      ),
    ).slice(0, 8),
  ];
  const tail = `-${parts.join('-')}`;
  return `${run.runId}--${jobId.replaceAll('/', '-')}`.slice(0, NAME_LIMIT - tail.length) + tail;
};

export const nameOf = (run: RunRecord, input: LaunchInput, replaces?: number): string =>
  batchJobName(run, input.job.jobId, {
    launch: input.earlier.outcomes.length + 1,
    round: input.round,
    replaces,
  });

export const queueOf = (deps: Dependencies, run: RunRecord): string =>
  run.experiment.resources.queue ?? deps.queue;

/** What any version of a job's document says of whose it is; bytes that do not are damaged. */
const jobIdentity = z.looseObject({ runId: z.string(), jobId: z.string(), experimentHash: z.string() });

/**
 * Writes the job's document; a different one under the same id would make two programs share checkpoints. A
 * damaged one is written anew.
 */
export const writeDocument = async (
  { store }: Dependencies,
  run: RunRecord,
  job: PlannedJob,
): Promise<string> => {
  const key = keys.job(run.runId, job.jobId).document;
  const { identical } = await createOrMend(store, key, jobIdentity, jobDocument(run, job));
  if (!identical)
    throw new CorruptDocumentError(
      `${store.uri(key)}: holds another job than ${job.jobId} of this experiment`,
      { fix: `${RESTORE}, or start the run under another name` },
    );
  return store.uri(key);
};

/** The Batch job of that name, if there is one. Of duplicates the oldest counts; the others are ended. */
export const findByName = async (
  deps: Dependencies,
  run: RunRecord,
  name: string,
): Promise<string | undefined> => {
  const [oldest, ...duplicates] = await deps.batch.find(queueOf(deps, run), name);
  await Promise.all(
    duplicates.map((id) => deps.batch.terminate(id, `${CANCEL_REASON}: duplicate of ${oldest}`)),
  );
  return oldest;
};

/** Submits what the container's argument names, with what the experiment says of every job. */
export const submit = async (
  deps: Dependencies,
  run: RunRecord,
  jobId: string,
  what: Pick<BatchSubmission, 'name' | 'job' | 'attempts' | 'size'>,
): Promise<string> => {
  const { vcpus, memoryMiB, gpus, timeoutSeconds } = run.experiment.resources;
  const anew = await newestAnew(deps.store, { runId: run.runId, jobId });
  return deps.batch.submit({
    ...what,
    queue: queueOf(deps, run),
    // Of the code that the run began with, unless a person had this job begin anew.
    jobDefinition: anew?.jobDefinition ?? run.code?.jobDefinition ?? deps.jobDefinition,
    vcpus,
    memoryMiB,
    gpus,
    timeoutSeconds,
    tags: { [JOB_TAGS.run]: run.runId, [JOB_TAGS.job]: jobId, [JOB_TAGS.deployment]: deps.deployment },
  });
};

/** Finds the Batch job of that name or submits it. */
export const findOrSubmit = async (
  deps: Dependencies,
  run: RunRecord,
  input: LaunchInput,
  { name, attempts }: { readonly name: string; readonly attempts: number },
): Promise<string> => {
  const found = await findByName(deps, run, name);
  if (found !== undefined) return found;
  const job = await writeDocument(deps, run, input.job);
  return submit(deps, run, input.job.jobId, { name, job, attempts });
};
