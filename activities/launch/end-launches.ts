import { CANCEL_REASON } from '../../nas/job/classify.ts';
import { runRecordSchema } from '../../nas/experiment/run-record.ts';
import { readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { EndLaunchesInput } from '../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { batchNameBeginning } from './submit-launch.ts';

/**
 * `endLaunches` of `ProtocolActivities`: ends what the launches of a job, or of the trials of a search, have
 * left in Batch, whoever submitted it. Another deployment may use the same names in the same queue: a job is
 * ours when its document is in our store.
 */
export const createEndLaunches =
  ({ store, batch, queue }: Dependencies) =>
  async ({ run, jobId }: EndLaunchesInput): Promise<number> => {
    const record = await readHint(store, keys.experiment(run.runId), runRecordSchema);
    const own = store.uri(keys.job(run.runId, jobId).prefix);
    const jobs = await batch.unfinished(
      record?.experiment.resources.queue ?? queue,
      batchNameBeginning(run.runId, jobId),
    );
    const left = jobs.filter(({ job }) => job.startsWith(own));
    for (const { id } of left) await batch.terminate(id, `${CANCEL_REASON}: its launch was given up`);
    return left.length;
  };
