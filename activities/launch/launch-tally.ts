import { attemptRecordSchema } from '../../nas/job/attempt-record.ts';
import { wasReclaimed } from '../../nas/job/classify.ts';
import { readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { BatchAttempt } from '../batch/batch-jobs.ts';
import { chunksOf, IDS_PER_CALL } from '../batch/chunks.ts';
import type { LaunchInput, LaunchTally } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';

/** What attempts of a job add up to. */
type AttemptTally = Omit<LaunchTally, 'outcomes' | 'crashes'>;

const seconds = ({ startedAt, stoppedAt }: BatchAttempt): number =>
  startedAt === undefined || stoppedAt === undefined ? 0 : Math.max(0, stoppedAt - startedAt) / 1000;

export const withAttempts = (earlier: AttemptTally, attempts: readonly BatchAttempt[]): AttemptTally => ({
  attempts: earlier.attempts + attempts.length,
  reclaims: earlier.reclaims + attempts.filter(wasReclaimed).length,
  seconds: earlier.seconds + attempts.reduce((sum, attempt) => sum + seconds(attempt), 0),
});

/**
 * What was spent before this launch: the launches that the workflow knows of, and, in the first launch of a
 * further round, those of the rounds before it, which a pause or a retry by hand ended without a report.
 */
export const spentBefore = async (
  { store, batch }: Dependencies,
  { run, job, earlier, round }: LaunchInput,
  own: readonly string[],
): Promise<AttemptTally> => {
  if (round === undefined || earlier.outcomes.length > 0) return earlier;
  const ids = new Set<string>();
  for await (const { key } of store.list(keys.job(run.runId, job.jobId).attempts)) {
    const record = await readHint(store, key, attemptRecordSchema);
    if (record !== undefined && !own.includes(record.batchJobId)) ids.add(record.batchJobId);
  }
  let tally: AttemptTally = earlier;
  for (const some of chunksOf([...ids], IDS_PER_CALL))
    for (const { attempts } of await batch.describe(some)) tally = withAttempts(tally, attempts);
  return tally;
};
