import { Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { Permission } from './permissions.ts';

/** Containers of this account alone may take the role. */
const assumedByTasks = (scope: Construct): ServicePrincipal =>
  new ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });

/** The role of the code inside a container. */
export const taskRole = (
  scope: Construct,
  id: string,
  description: string,
  permissions: readonly Permission[],
): Role => {
  const role = new Role(scope, id, { description, assumedBy: assumedByTasks(scope) });
  for (const { statement } of permissions) role.addToPolicy(statement);
  acknowledgeWildcards(role, permissions);
  return role;
};

/**
 * The role of the container agent: pulls the images and writes the logs, which the constructs that use it
 * grant.
 */
export const executionRole = (scope: Construct, id: string): Role => {
  const role = new Role(scope, id, {
    description: 'Image pulls and logs of trainer jobs and the worker',
    assumedBy: assumedByTasks(scope),
  });
  acknowledge(
    role,
    'ecr:GetAuthorizationToken knows no resource; pulling itself is granted on the one repository.',
    'AwsSolutions-IAM5[Resource::*]',
  );
  return role;
};
