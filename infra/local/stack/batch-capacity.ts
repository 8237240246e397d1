import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { signedFetch } from '../../../store/signed-fetch.ts';
import { batchEndpoint, batchIdentity } from './document.ts';
import type { StackDocument } from './document.ts';

/** SIGKILL follows SIGTERM after Batch's 30 s; a little more for the bookkeeping. */
const STOP_SECONDS = 40;

const stateSchema = z.object({ running: z.array(z.unknown()) });

/** How many jobs the local Batch endpoint may run at once; with a notice, jobs beyond that are reclaimed. */
export const setBatchCapacity = async (
  stack: StackDocument,
  slots: number,
  reclaimNoticeSeconds?: number,
): Promise<void> => {
  const response = await signedFetch(
    new URL('/_local/capacity', batchEndpoint(stack)),
    batchIdentity(stack),
    {
      method: 'POST',
      body: { slots, reclaimNoticeSeconds },
      signal: AbortSignal.timeout(10_000),
    },
  );
  if (!response.ok) {
    throw infrastructureError(`Batch refuses a capacity of ${slots}: ${await response.text()}`, 'nas doctor');
  }
};

/**
 * Takes every machine back, as a spot market would: running jobs write a checkpoint, end, and wait for
 * capacity, which the next `nas up` brings. Without this they would go on alone and fail at the missing S3
 * server.
 */
export const drainBatch = async (
  stack: StackDocument,
  noticeSeconds: number,
  say: (line: string) => void,
): Promise<void> => {
  await setBatchCapacity(stack, 0, noticeSeconds);
  const timeoutSeconds = noticeSeconds + STOP_SECONDS;
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (let announced = false; performance.now() < deadline; announced = true) {
    const response = await signedFetch(new URL('/_local/state', batchEndpoint(stack)), batchIdentity(stack), {
      signal: AbortSignal.timeout(10_000),
    });
    const { running } = stateSchema.parse(await response.json());
    if (running.length === 0) return;
    if (!announced) say(`waiting for ${running.length} running jobs to end`);
    await sleep(100);
  }
  throw infrastructureError(
    `jobs still run ${timeoutSeconds} s after their notice`,
    'nas jobs lists them; end their processes, then nas down',
  );
};
