import { z } from 'zod';
import { readLatest, swapLatest } from './checkpoint-documents.ts';
import type { JobRef } from './checkpoint-documents.ts';
import { pinCheckpoint } from './checkpoint-retention.ts';
import { createDocument, readDocument } from './json-documents.ts';
import { keys } from './keys.ts';
import { acquireLease } from './leases.ts';
import type { ObjectStore } from './object-store.ts';

const anewSchema = z.strictObject({
  version: z.literal(1),
  /** ISO 8601. */
  at: z.string(),
  /** `user@host`. */
  by: z.string(),
  /** `name:revision` that the job is launched with from then on. */
  jobDefinition: z.string(),
  /** Manifests that were set aside, newest first; they stay, and no attempt restores them. */
  checkpoints: z.array(z.string()),
});
/** A person's decision that a job begins anew, with other code than its run's. */
type Anew = z.infer<typeof anewSchema>;

/**
 * Has a job begin anew at its next launch: whoever still trains it is fenced, its checkpoints are pinned, so
 * that they stay as evidence, and struck off the list of those that a restore looks at. May be repeated.
 */
export const setCheckpointsAside = async (
  store: ObjectStore,
  job: JobRef,
  decision: Pick<Anew, 'at' | 'by' | 'jobDefinition'>,
): Promise<Anew> => {
  const { runId, jobId } = job;
  const lease = await acquireLease(store, { runId, jobId, holder: `anew by ${decision.by}` });
  const latest = await readLatest(store, job);
  const checkpoints = latest.history.map(({ key }) => key);
  for (const manifest of checkpoints)
    await pinCheckpoint(store, job, manifest, `set aside by ${decision.by}: the job begins anew`);
  const anew: Anew = { version: 1, ...decision, checkpoints };
  // Written first: a job whose checkpoints are gone from the list says who wanted that.
  await createDocument(store, keys.job(runId, jobId).anew(lease.epoch), anewSchema, anew);
  if (
    latest.epoch !== lease.epoch ||
    !(await swapLatest(store, job, latest, { epoch: lease.epoch, history: [] }))
  )
    throw new Error(
      `${jobId} of run ${runId}: somebody has taken the job over meanwhile; nothing was set aside`,
    );
  return anew;
};

/** The newest such decision, if there is one. */
export const newestAnew = async (store: ObjectStore, { runId, jobId }: JobRef): Promise<Anew | undefined> => {
  let newest: string | undefined;
  for await (const { key } of store.list(keys.job(runId, jobId).anews))
    if (newest === undefined || key > newest) newest = key;
  return newest === undefined ? undefined : readDocument(store, newest, anewSchema);
};
