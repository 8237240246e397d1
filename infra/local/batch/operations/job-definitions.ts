import type {
  ContainerProperties,
  DescribeJobDefinitionsResponse,
  JobDefinition,
  RegisterJobDefinitionResponse,
  RetryStrategy,
} from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { clientException, refused } from '../errors.ts';
import { arns, nameOf } from '../names.ts';
import { page } from '../paging.ts';
import type { Request } from '../requests.ts';
import { demandOf, faultOfDemand } from '../resources.ts';
import { shownTags } from './tags.ts';

const keyOf = (d: JobDefinition): string => `${d.jobDefinitionName}:${String(d.revision).padStart(10, '0')}`;

export const registerJobDefinition = (
  { state, options }: Endpoint,
  request: Request<'RegisterJobDefinition'>,
): RegisterJobDefinitionResponse => {
  if (request.type !== 'container')
    throw clientException('Only job definitions of type container are supported by this endpoint.');
  if (request.containerProperties === undefined)
    throw refused('containerProperties must be specified for a job definition of type container');
  const containerProperties = request.containerProperties as ContainerProperties;
  const demand = demandOf(containerProperties);
  if (demand.vcpus === 0) throw refused('Resource requirement VCPU must be specified');
  if (demand.memoryMiB === 0) throw refused('Resource requirement MEMORY must be specified');
  const platformCapabilities = request.platformCapabilities ?? ['EC2'];
  const fault = faultOfDemand(demand, platformCapabilities);
  if (fault !== undefined) throw refused(fault);
  const name = request.jobDefinitionName;
  const revision =
    1 +
    [...state.tables.jobDefinitions.values()]
      .filter((d) => d.jobDefinitionName === name)
      .reduce((newest, d) => Math.max(newest, d.revision ?? 0), 0);
  const { retryStrategy, ...plain } = request;
  const definition: JobDefinition = {
    ...plain,
    jobDefinitionArn: arns.jobDefinition(options.place, name, revision),
    revision,
    status: 'ACTIVE',
    parameters: request.parameters ?? {},
    containerProperties: {
      ...containerProperties,
      command: containerProperties.command ?? [],
      environment: containerProperties.environment ?? [],
    },
    ...(retryStrategy === undefined ? {} : { retryStrategy: retryStrategy as RetryStrategy }),
    tags: request.tags ?? {},
    platformCapabilities,
    containerOrchestrationType: 'ECS',
  };
  state.change(['jobDefinitions', `${name}:${revision}`, definition]);
  return { jobDefinitionName: name, jobDefinitionArn: definition.jobDefinitionArn, revision };
};

export const deregisterJobDefinition = (
  { state }: Endpoint,
  request: Request<'DeregisterJobDefinition'>,
): Record<string, never> => {
  const key = nameOf(request.jobDefinition);
  if (!key.includes(':')) throw refused('JobDefinition must include a revision: name:revision or an ARN');
  const definition = state.tables.jobDefinitions.get(key);
  if (definition !== undefined) state.change(['jobDefinitions', key, { ...definition, status: 'INACTIVE' }]);
  return {};
};

export const describeJobDefinitions = (
  { state }: Endpoint,
  request: Request<'DescribeJobDefinitions'>,
): DescribeJobDefinitionsResponse => {
  const wanted = request.jobDefinitions?.map(nameOf);
  const all = [...state.tables.jobDefinitions.values()].filter(
    (d) =>
      (wanted === undefined ||
        wanted.includes(d.jobDefinitionName as string) ||
        wanted.includes(`${d.jobDefinitionName}:${d.revision}`)) &&
      (request.jobDefinitionName === undefined ||
        nameOf(request.jobDefinitionName).replace(/:\d+$/, '') === d.jobDefinitionName) &&
      (request.status === undefined || request.status === d.status),
  );
  const { items, ...rest } = page(all, keyOf, request.maxResults ?? 100, request.nextToken);
  return { jobDefinitions: items.map((d) => ({ ...d, tags: shownTags(d.tags) })), ...rest };
};
