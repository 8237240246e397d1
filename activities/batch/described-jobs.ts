import { DescribeJobsCommand } from '@aws-sdk/client-batch';
import type { BatchClient, JobDetail } from '@aws-sdk/client-batch';
import { JOB_TAGS } from '../../nas/job/deployment.ts';
import { arrayChildId, jobArraySchema } from '../../nas/job/job-array.ts';
import { readHint } from '../../store/json-documents.ts';
import { parseS3Uri } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { chunksOf, IDS_PER_CALL } from './chunks.ts';

/** A Batch job that this product submitted. */
interface DescribedJob {
  readonly runId: string;
  /** Path in the run. */
  readonly jobId: string;
  /** `deploymentId` of who submitted it; absent on jobs of before deployments were told apart. */
  readonly deployment?: string;
  readonly detail: JobDetail;
}

const describe = async (client: BatchClient, ids: readonly string[]): Promise<JobDetail[]> => {
  const details: JobDetail[] = [];
  for (const jobs of chunksOf(ids, IDS_PER_CALL))
    details.push(...((await client.send(new DescribeJobsCommand({ jobs }))).jobs ?? []));
  return details;
};

/**
 * Jobs by their ids; in place of an array its children, once it has spawned them. Jobs without the product's
 * tags are left out. Batch does not tag the children of an array: whose they are follows from the array's
 * document. Where that is gone, they count as their search's.
 */
export const describedJobs = async (
  client: BatchClient,
  store: ObjectStore,
  ids: readonly string[],
): Promise<DescribedJob[]> => {
  const found: DescribedJob[] = [];
  for (const detail of await describe(client, ids)) {
    const {
      [JOB_TAGS.run]: runId,
      [JOB_TAGS.job]: jobId,
      [JOB_TAGS.deployment]: deployment,
    } = detail.tags ?? {};
    const { jobId: batchJobId, arrayProperties, parameters } = detail;
    if (runId === undefined || jobId === undefined || batchJobId === undefined) continue;
    if (arrayProperties?.index !== undefined) continue;
    const whose = { runId, ...(deployment !== undefined && { deployment }) };
    const size = arrayProperties?.size ?? 0;
    if (size === 0) {
      found.push({ ...whose, jobId, detail });
      continue;
    }
    const { key } = parseS3Uri(parameters?.['job'] ?? '');
    const array = await readHint(store, key, jobArraySchema);
    const children = Array.from({ length: size }, (_, index) => arrayChildId(batchJobId, index));
    const spawned = await describe(client, children);
    if (spawned.length === 0) found.push({ ...whose, jobId, detail });
    for (const child of spawned)
      found.push({
        ...whose,
        jobId: array?.jobs[child.arrayProperties?.index ?? -1] ?? jobId,
        detail: child,
      });
  }
  return found;
};
