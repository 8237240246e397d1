import { BatchClient, paginateDescribeJobDefinitions } from '@aws-sdk/client-batch';
import type { Client } from '@temporalio/client';
import { findDeployment } from '../../activities/batch/find-deployment.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import type { RunCode, RunRecord } from '../../nas/experiment/run-record.ts';
import { requestTimeouts } from '../../store/request-timeouts.ts';
import type { LoadedConfig } from '../config.ts';
import { pollingBuilds } from './worker-builds.ts';

const REQUEST_MILLISECONDS = 10_000;

/** Whose a run is and the code that it keeps, as they are when it starts. */
export type RunOrigin = Required<Pick<RunRecord, 'deployment' | 'code'>>;

/**
 * The newest active revision of a job definition, as `name:revision`; one that names its revision stays as it
 * is. Throws `InfrastructureError` when there is none.
 */
export const newestRevision = async (
  client: BatchClient,
  jobDefinition: string,
  fix: string,
): Promise<string> => {
  if (/:\d+$/.test(jobDefinition)) return jobDefinition;
  let newest = 0;
  const query = { jobDefinitionName: jobDefinition, status: 'ACTIVE' };
  try {
    for await (const { jobDefinitions = [] } of paginateDescribeJobDefinitions({ client }, query))
      for (const { revision = 0 } of jobDefinitions) newest = Math.max(newest, revision);
  } catch (cause) {
    const why = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
    throw infrastructureError(
      `the revision of job definition ${jobDefinition} is not known: DescribeJobDefinitions: ${why}`,
      fix,
      { cause },
    );
  }
  if (newest === 0) throw infrastructureError(`there is no active job definition ${jobDefinition}`, fix);
  return `${jobDefinition}:${newest}`;
};

/** Settles, once and for all of a run, which deployment it belongs to and the code that computes it. */
export const settleOrigin = async (client: Client, config: LoadedConfig): Promise<RunOrigin> => {
  const batch = new BatchClient({ requestHandler: requestTimeouts(REQUEST_MILLISECONDS) });
  const fix =
    config.embedded === undefined
      ? 'nas deploy, or name another in jobDefinition; check region, credentials and permissions (docs/aws.md)'
      : 'nas up';
  try {
    const [deployment, jobDefinition, workers] = await Promise.all([
      findDeployment(client, config.bucket),
      newestRevision(batch, config.jobDefinition, fix),
      pollingBuilds(client, config.taskQueue),
    ]);
    const code: RunCode = { jobDefinition, workers };
    return { deployment, code };
  } finally {
    batch.destroy();
  }
};
