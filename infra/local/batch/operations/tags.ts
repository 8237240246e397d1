import type { ListTagsForResourceResponse } from '@aws-sdk/client-batch';
import type { Endpoint } from '../endpoint.ts';
import { clientException } from '../errors.ts';
import { faultOfTags } from '../requests.ts';
import type { Request } from '../requests.ts';
import type { Change } from '../state.ts';

type Tags = Readonly<Record<string, string>>;

/** A member `tags` as it is answered: the service model does not allow an empty map. */
export const shownTags = (tags: Tags | undefined): Record<string, string> | undefined =>
  tags === undefined || Object.keys(tags).length === 0 ? undefined : { ...tags };

/** The tags of the resource with this ARN, and the change that replaces them. */
const tagged = (
  { state: { tables } }: Endpoint,
  arn: string,
): { readonly tags: Tags; readonly replaced: (tags: Record<string, string>) => Change } => {
  const match = /^arn:[^:]+:batch:[^:]*:[^:]*:([a-z-]+)\/(.+)$/.exec(arn);
  const [, kind, name = ''] = match ?? [];
  switch (kind) {
    case 'compute-environment': {
      const record = tables.computeEnvironments.get(name);
      if (record !== undefined)
        return {
          tags: record.tags ?? {},
          replaced: (tags) => ['computeEnvironments', name, { ...record, tags }],
        };
      break;
    }
    case 'job-queue': {
      const record = tables.jobQueues.get(name);
      if (record !== undefined)
        return { tags: record.tags ?? {}, replaced: (tags) => ['jobQueues', name, { ...record, tags }] };
      break;
    }
    case 'job-definition': {
      const record = tables.jobDefinitions.get(name);
      if (record !== undefined)
        return { tags: record.tags ?? {}, replaced: (tags) => ['jobDefinitions', name, { ...record, tags }] };
      break;
    }
    case 'job': {
      const record = tables.specs.get(name);
      if (record !== undefined)
        return { tags: record.tags, replaced: (tags) => ['specs', name, { ...record, tags }] };
      break;
    }
    default:
      throw clientException(`Invalid resource ARN: ${arn}`);
  }
  throw clientException(`Resource ${arn} does not exist`);
};

export const tagResource = (
  endpoint: Endpoint,
  arn: string,
  request: Request<'TagResource'>,
): Record<string, never> => {
  const { tags, replaced } = tagged(endpoint, arn);
  const all = { ...tags, ...request.tags };
  const fault = faultOfTags(all);
  if (fault !== undefined) throw clientException(fault);
  endpoint.state.change(replaced(all));
  return {};
};

export const untagResource = (
  endpoint: Endpoint,
  arn: string,
  tagKeys: readonly string[],
): Record<string, never> => {
  if (tagKeys.length === 0) throw clientException('tagKeys must not be empty');
  const { tags, replaced } = tagged(endpoint, arn);
  endpoint.state.change(
    replaced(Object.fromEntries(Object.entries(tags).filter(([key]) => !tagKeys.includes(key)))),
  );
  return {};
};

export const listTagsForResource = (endpoint: Endpoint, arn: string): ListTagsForResourceResponse => ({
  tags: shownTags(tagged(endpoint, arn).tags),
});
