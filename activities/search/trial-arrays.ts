import pLimit from 'p-limit';
import { hashJson } from '../../nas/core/hash.ts';
import { CANCEL_REASON } from '../../nas/job/classify.ts';
import { ARRAY_SIZE, arrayChildId, arrayIdOf, jobArraySchema } from '../../nas/job/job-array.ts';
import type { JobArray } from '../../nas/job/job-array.ts';
import type { PlannedTrial } from '../../nas/job/job-report.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { findResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import { createOrMend, findDocument } from '../../store/mendable-documents.ts';
import { chunksOf } from '../batch/chunks.ts';
import type { Dependencies } from '../dependencies.ts';
import { findByName, submit, writeDocument } from '../launch/submit-launch.ts';

type Together = (
  run: RunRecord,
  /** Job id of the search. */
  search: string,
  trials: readonly PlannedTrial[],
  round: string | undefined,
) => Promise<ReadonlyMap<string, string>>;

/**
 * First launches of trials that are proposed together: one SubmitJob for all of them, as a Batch array. Both
 * answer with Batch's ids by job id, and leave out the trials that are to be launched one by one.
 */
export interface TrialArrays {
  /** Submits trials that nobody has launched. */
  readonly submit: Together;
  /** Finds trials that a worker before this one has submitted together, or was about to. */
  readonly find: Together;
  /**
   * Ends the arrays of these children as wholes: what an array has not spawned cannot be ended in any other
   * way, and would run.
   */
  readonly end: (children: Iterable<string>, reason: string) => Promise<void>;
}

/** Requests to the store under way at once. */
const REQUESTS = 32;

export const createTrialArrays = (deps: Dependencies): TrialArrays => {
  const { store } = deps;
  const limit = pLimit(REQUESTS);

  const hasResult = async ({ runId }: RunRecord, jobId: string): Promise<boolean> =>
    (await findResult(store, { runId, jobId })).kind === 'intact';

  const nameOf = (runId: string, search: string, id: string): string =>
    `${runId}--${search.replaceAll('/', '-')}-array-${id}`;

  /**
   * Which trials an array has whose list is damaged nobody knows any more: it is ended, and they are launched
   * one by one.
   */
  const endUnreadable = async (run: RunRecord, search: string, key: string): Promise<void> => {
    const id = /([^/]+)\.json$/.exec(key)?.[1] ?? '';
    const array = await findByName(deps, run, nameOf(run.runId, search, id));
    if (array !== undefined)
      await deps.batch.terminate(array, `${CANCEL_REASON}: its list of jobs is damaged`);
  };

  /** An array's name is derived from its jobs, so that it is found again as single jobs are. */
  const arrayOf = (
    { runId, experimentHash, deployment }: RunRecord,
    search: string,
    jobs: readonly string[],
    round: string | undefined,
  ): { readonly key: string; readonly array: JobArray } => {
    const id = hashJson({
      ...{ runId, experimentHash, jobs, round: round ?? null },
      ...(deployment !== undefined && { deployment }),
    }).slice(0, 16);
    const name = nameOf(runId, search, id);
    return { key: keys.job(runId, search).array(id), array: { version: 1, runId, name, jobs } };
  };

  const findOrSubmit = async (run: RunRecord, search: string, key: string, { name, jobs }: JobArray) =>
    (await findByName(deps, run, name)) ??
    submit(deps, run, search, {
      name,
      job: store.uri(key),
      size: jobs.length,
      attempts: run.experiment.resources.attempts,
    });

  const children = (id: string, { jobs }: JobArray): [string, string][] =>
    jobs.map((jobId, index) => [jobId, arrayChildId(id, index)]);

  return {
    submit: async (run, search, trials, round) => {
      const ids = new Map<string, string>();
      if (trials.length < ARRAY_SIZE.min) return ids;
      const isNew = await limit.map(trials, async (trial) => !(await hasResult(run, trial.jobId)));
      for (const chunk of chunksOf(
        trials.filter((_, i) => isNew[i]),
        ARRAY_SIZE.max,
      )) {
        if (chunk.length < ARRAY_SIZE.min) continue;
        await limit.map(chunk, (trial) => writeDocument(deps, run, trial));
        const jobs = chunk.map(({ jobId }) => jobId);
        const { key, array } = arrayOf(run, search, jobs, round);
        // Written before the array is submitted: from it a successor knows what to look for.
        await createOrMend(store, key, jobArraySchema, array);
        for (const [jobId, id] of children(await findOrSubmit(run, search, key, array), array))
          ids.set(jobId, id);
      }
      return ids;
    },

    find: async (run, search, trials, round) => {
      const ids = new Map<string, string>();
      if (trials.length === 0) return ids;
      const wanted = new Set(trials.map(({ jobId }) => jobId));
      for await (const { key } of store.list(keys.job(run.runId, search).arrays)) {
        const found = await findDocument(store, key, jobArraySchema);
        if (found.kind === 'damaged') await endUnreadable(run, search, key);
        if (found.kind !== 'intact') continue;
        const array = found.value;
        if (!array.jobs.some((jobId) => wanted.has(jobId))) continue;
        // Those of another round have ended with it.
        if (arrayOf(run, search, array.jobs, round).key !== key) continue;
        const present = await findByName(deps, run, array.name);
        // Of one that was submitted, and that Batch has forgotten since, some trial has ended.
        const isUnsubmitted = async (): Promise<boolean> =>
          array.jobs.every((jobId) => wanted.has(jobId)) &&
          !(await limit.map(array.jobs, (jobId) => hasResult(run, jobId))).includes(true);
        if (present === undefined && !(await isUnsubmitted())) continue;
        const id = present ?? (await findOrSubmit(run, search, key, array));
        for (const [jobId, child] of children(id, array)) if (wanted.has(jobId)) ids.set(jobId, child);
      }
      return ids;
    },

    end: async (children, reason) => {
      const arrays = new Set([...children].flatMap((id) => arrayIdOf(id) ?? []));
      await Promise.all([...arrays].map((id) => deps.batch.terminate(id, reason)));
    },
  };
};
