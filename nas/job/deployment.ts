/** What the tag values of AWS may hold, slashes left out: they part the names here. */
const FORBIDDEN = /[^A-Za-z0-9 +\-=._:@]/g;
const NAMESPACE_LIMIT = 120;

/** Where a deployment's runs live. */
interface DeploymentParts {
  /** Temporal namespace. */
  readonly namespace: string;
  /**
   * The id that the Temporal server gave the namespace: no other server has it, under whatever address it is
   * reached.
   */
  readonly namespaceId: string;
  readonly bucket: string;
}

/**
 * Identity of a deployment: the same for all of its workers and commands, after every restart, and no other
 * deployment's, also where two share a job queue, a bucket, or the names of everything. Readable, and fit for
 * a tag.
 */
export const deploymentId = ({ namespace, namespaceId, bucket }: DeploymentParts): string =>
  [namespace.slice(0, NAMESPACE_LIMIT), bucket, namespaceId]
    .map((part) => part.replace(FORBIDDEN, '_'))
    .join('/');

/** Tags of every Batch job of the product. */
export const JOB_TAGS = {
  run: 'nas-run',
  /** Path in the run; of an array, the search whose trials it holds. */
  job: 'nas-job',
  /** `deploymentId` of who submitted it, and may end it. */
  deployment: 'nas-deployment',
} as const;
