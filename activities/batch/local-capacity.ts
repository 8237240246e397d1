import { signedFetch } from '../../store/signed-fetch.ts';
import type { BatchIdentity } from '../../store/signed-fetch.ts';

/** Capacity that can be reclaimed by hand: the embedded stack's admin interface. */
export interface LocalCapacity {
  /**
   * Gives notice to the machine under a running job and takes it away. Throws when the job is not running.
   */
  reclaim(batchJobId: string): Promise<void>;
}

/** Seconds between the reclaim notice and SIGTERM: what EC2 gives. */
const NOTICE_SECONDS = 120;

/** Asks the Batch endpoint whether it is the embedded one; `undefined` when it is not. */
export const findLocalCapacity = async (
  endpoint: string | undefined,
  identity: BatchIdentity | undefined,
): Promise<LocalCapacity | undefined> => {
  if (endpoint === undefined || identity === undefined) return undefined;
  const state = await signedFetch(new URL('/_local/state', endpoint), identity);
  await state.body?.cancel();
  if (!state.ok) return undefined;
  return {
    reclaim: async (jobId) => {
      const answer = await signedFetch(new URL('/_local/reclaim', endpoint), identity, {
        method: 'POST',
        body: { jobId, noticeSeconds: NOTICE_SECONDS },
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`reclaim of ${jobId} refused with status ${answer.status}: ${text}`);
    },
  };
};
