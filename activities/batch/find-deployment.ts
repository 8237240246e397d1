import type { Client } from '@temporalio/client';
import { deploymentId } from '../../nas/job/deployment.ts';

/** Id of the deployment that this client's namespace and the bucket make up; see `deploymentId`. */
export const findDeployment = async (client: Client, bucket: string): Promise<string> => {
  const { namespace } = client.options;
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
  const namespaceId = namespaceInfo?.id ?? '';
  if (namespaceId === '') throw new Error(`DescribeNamespace: namespace ${namespace} has no id`);
  return deploymentId({ namespace, namespaceId, bucket });
};
