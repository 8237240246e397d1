import { fileURLToPath } from 'node:url';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { IgnoreMode } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/**
 * An image built from one of the repository's Dockerfiles when the stack is deployed. Its tag is the hash of
 * its sources, so a job definition names exactly one version of the code.
 */
const image = (scope: Construct, id: string, file: string, target: string): ContainerImage =>
  ContainerImage.fromDockerImageAsset(
    new DockerImageAsset(scope, id, {
      directory: REPOSITORY,
      file,
      target,
      platform: Platform.LINUX_AMD64,
      ignoreMode: IgnoreMode.DOCKER,
    }),
  );

export const trainerImage = (scope: Construct, flavour: 'cpu' | 'gpu'): ContainerImage =>
  image(scope, `TrainerImage-${flavour}`, 'containers/trainer/Dockerfile', flavour);

export const workerImage = (scope: Construct): ContainerImage =>
  image(scope, 'WorkerImage', 'containers/worker/Dockerfile', 'worker');
