import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BatchClient } from '@aws-sdk/client-batch';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';

/** Throws `InfrastructureError` where the AWS SDK's usual chain finds no credentials. */
export const requireCredentials = async (region: string): Promise<void> => {
  const client = new BatchClient({ region });
  try {
    await client.config.credentials();
  } catch (cause) {
    throw infrastructureError(
      'there are no AWS credentials',
      'aws sso login, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (docs/aws.md)',
      { cause },
    );
  } finally {
    client.destroy();
  }
};

const DOCKER_MILLISECONDS = 20_000;

/** Throws `InfrastructureError` where no container engine answers; CDK_DOCKER names another than docker. */
export const requireContainerEngine = async (): Promise<void> => {
  const engine = process.env['CDK_DOCKER'] ?? 'docker';
  try {
    await promisify(execFile)(engine, ['version'], { timeout: DOCKER_MILLISECONDS });
  } catch (cause) {
    throw infrastructureError(
      `${engine}, which builds the images, does not answer`,
      'install and start Docker, or name a compatible engine in CDK_DOCKER (finch, podman)',
      { cause },
    );
  }
};
