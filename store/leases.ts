import { randomUUID } from 'node:crypto';
import { keys } from './keys.ts';
import { positionOf, readLatest, readLease, swapLatest, type JobRef } from './checkpoint-documents.ts';
import { seal } from './sealed-document.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The right to write a job's checkpoints, as plain data. It ends when somebody acquires the next epoch, never
 * by time.
 */
export interface Lease extends JobRef {
  /** 1 for the first holder, rising by one with each acquisition that reached the store. */
  readonly epoch: number;
  /** Who holds it, for people and records: host, Batch job id and attempt. */
  readonly holder: string;
  /**
   * What was found damaged or missing when the lease was taken, and was put right; goes into the restore's
   * report.
   */
  readonly damage: readonly string[];
}

/** A newer attempt has taken the lease; nothing written under this one counts any more. */
export class StaleLeaseError extends Error {
  override readonly name = 'StaleLeaseError';
  readonly epoch: number;
  readonly newerEpoch: number;

  constructor(lease: Lease, newerEpoch: number, what: string, options?: ErrorOptions) {
    super(
      `run ${lease.runId}, job ${lease.jobId}: ${what} refused: lease epoch ${lease.epoch} (${lease.holder}) ended when ` +
        `epoch ${newerEpoch} began`,
      options,
    );
    this.epoch = lease.epoch;
    this.newerEpoch = newerEpoch;
  }
}

/** Rounds of compare-and-swap before giving up; each lost round means that another writer won one. */
const ROUNDS = 100;

/**
 * The highest epoch that the job's own objects bear witness to, for when the lease document is gone or
 * damaged.
 */
const highestEpochSeen = async (store: ObjectStore, job: JobRef): Promise<number> => {
  const paths = keys.job(job.runId, job.jobId);
  let highest = (await readLatest(store, job)).epoch;
  for (const prefix of [paths.manifests, paths.chunks]) {
    for await (const { key } of store.list(prefix)) highest = Math.max(highest, positionOf(key)?.epoch ?? 0);
  }
  for await (const { key } of store.list(paths.attempts)) {
    highest = Math.max(highest, Number(/(\d+)\.json$/.exec(key)?.[1] ?? 0));
  }
  return highest;
};

/**
 * Takes the lease of a job: a new epoch by conditional write of `lease.json`, then the fence, by
 * compare-and-swap of `latest.json` to that epoch. When this returns, no checkpoint of an older epoch can be
 * acknowledged any more. Throws `StaleLeaseError` when a still newer epoch was acquired meanwhile,
 * `StorageError` when storage fails.
 */
export const acquireLease = async (
  store: ObjectStore,
  request: JobRef & { readonly holder: string },
): Promise<Lease> => {
  const { runId, jobId, holder } = request;
  const job = { runId, jobId };
  const key = keys.job(runId, jobId).lease;
  const token = randomUUID();

  const damage: string[] = [];

  const nextEpoch = async (): Promise<number> => {
    for (let round = 0; round < ROUNDS; round++) {
      const stored = await readLease(store, job);
      // The answer to an earlier round may have been lost although its write was carried out.
      if (stored?.lease?.token === token) return stored.lease.epoch;
      const epoch = (stored?.lease?.epoch ?? (await highestEpochSeen(store, job))) + 1;
      const body = seal({ version: 1, runId, jobId, epoch, holder, token });
      const outcome = stored
        ? await store.compareAndSwap(key, body, stored.etag)
        : await store.putIfAbsent(key, body);
      if (outcome.kind === 'written') {
        if (stored?.problem !== undefined) damage.push(stored.problem);
        return epoch;
      }
    }
    throw new Error(`${store.uri(key)}: lost ${ROUNDS} rounds of compare-and-swap to other writers`);
  };

  const epoch = await nextEpoch();
  for (let round = 0; round < ROUNDS; round++) {
    const latest = await readLatest(store, job);
    // A document is damaged only if nobody else put it right before us, so a lost swap says nothing.
    const found = latest.problem === undefined ? damage : [...damage, latest.problem];
    const lease: Lease = { runId, jobId, epoch, holder, damage: found };
    if (latest.epoch > epoch) throw new StaleLeaseError(lease, latest.epoch, 'the lease');
    const fenced = latest.epoch === epoch && latest.problem === undefined && latest.etag !== undefined;
    if (fenced || (await swapLatest(store, job, latest, { epoch, history: latest.history }))) return lease;
  }
  throw new Error(`${store.uri(key)}: lost ${ROUNDS} rounds of compare-and-swap to other writers`);
};

/**
 * The newest lease of a job, `undefined` before the first. One read; to notice between checkpoints that a
 * newer attempt has begun. A damaged lease document reads as the epoch the fence holds.
 */
export const currentLease = async (
  store: ObjectStore,
  job: JobRef,
): Promise<{ readonly epoch: number; readonly holder?: string } | undefined> => {
  const current = await readLease(store, job);
  if (current === undefined) return undefined;
  if (current.lease === undefined) return { epoch: (await readLatest(store, job)).epoch };
  return { epoch: current.lease.epoch, holder: current.lease.holder };
};
