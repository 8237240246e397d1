import type { Endpoint } from './endpoint.ts';
import {
  createComputeEnvironment,
  deleteComputeEnvironment,
  describeComputeEnvironments,
  updateComputeEnvironment,
} from './operations/compute-environments.ts';
import { describeJobs } from './operations/describe-jobs.ts';
import {
  deregisterJobDefinition,
  describeJobDefinitions,
  registerJobDefinition,
} from './operations/job-definitions.ts';
import {
  createJobQueue,
  deleteJobQueue,
  describeJobQueues,
  getJobQueueSnapshot,
  updateJobQueue,
} from './operations/job-queues.ts';
import { listJobs } from './operations/list-jobs.ts';
import { cancelJob, terminateJob } from './operations/stop-jobs.ts';
import { submitJob } from './operations/submit-job.ts';
import { listTagsForResource, tagResource, untagResource } from './operations/tags.ts';
import type { Request } from './requests.ts';
import { parseRequest, requests } from './requests.ts';

/** A routed call: the operation's name, for rate limits, and what answers it. */
interface Route {
  readonly operation: string;
  readonly handle: (endpoint: Endpoint, body: unknown) => object;
}

const operation = <Name extends keyof typeof requests>(
  name: Name,
  handle: (endpoint: Endpoint, request: Request<Name>) => object,
): readonly [string, Route] => [
  `/v1/${name.toLowerCase()}`,
  {
    operation: name,
    handle: (endpoint, body) => handle(endpoint, parseRequest(requests[name], body) as Request<Name>),
  },
];

/** Operations that are a POST to a fixed path. */
const POSTS: ReadonlyMap<string, Route> = new Map([
  operation('CreateComputeEnvironment', createComputeEnvironment),
  operation('UpdateComputeEnvironment', updateComputeEnvironment),
  operation('DeleteComputeEnvironment', deleteComputeEnvironment),
  operation('DescribeComputeEnvironments', describeComputeEnvironments),
  operation('CreateJobQueue', createJobQueue),
  operation('UpdateJobQueue', updateJobQueue),
  operation('DeleteJobQueue', deleteJobQueue),
  operation('DescribeJobQueues', describeJobQueues),
  operation('GetJobQueueSnapshot', getJobQueueSnapshot),
  operation('RegisterJobDefinition', registerJobDefinition),
  operation('DeregisterJobDefinition', deregisterJobDefinition),
  operation('DescribeJobDefinitions', describeJobDefinitions),
  operation('SubmitJob', submitJob),
  operation('DescribeJobs', describeJobs),
  operation('ListJobs', listJobs),
  operation('CancelJob', cancelJob),
  operation('TerminateJob', terminateJob),
]);

/** The route of an AWS Batch REST-JSON request, or undefined. */
export const routeOf = (method: string, url: URL): Route | undefined => {
  if (method === 'POST' && POSTS.has(url.pathname)) return POSTS.get(url.pathname);
  const arn = /^\/v1\/tags\/(.+)$/.exec(url.pathname)?.[1];
  if (arn === undefined) return undefined;
  const resource = decodeURIComponent(arn);
  switch (method) {
    case 'POST':
      return {
        operation: 'TagResource',
        handle: (endpoint, body) => tagResource(endpoint, resource, parseRequest(requests.TagResource, body)),
      };
    case 'DELETE':
      return {
        operation: 'UntagResource',
        handle: (endpoint) => untagResource(endpoint, resource, url.searchParams.getAll('tagKeys')),
      };
    case 'GET':
      return {
        operation: 'ListTagsForResource',
        handle: (endpoint) => listTagsForResource(endpoint, resource),
      };
    default:
      return undefined;
  }
};
