import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { JOB_TAGS } from '../nas/job/deployment.ts';

/** A statement and, where its resources hold wildcards, why they cannot be narrower. */
export interface Permission {
  readonly statement: PolicyStatement;
  readonly whyWildcards?: string;
}

const permission = (props: PolicyStatementProps, whyWildcards?: string): Permission => ({
  statement: new PolicyStatement(props),
  ...(whyWildcards === undefined ? {} : { whyWildcards }),
});

const ONE_FOLDER = 'All objects of a folder whose names only a run decides.';

const objectsPermission = (
  sid: string,
  actions: string[],
  bucket: IBucket,
  folders: readonly string[],
): Permission =>
  permission({ sid, actions, resources: folders.map((folder) => bucket.arnForObjects(folder)) }, ONE_FOLDER);

/**
 * The bucket's list, without a condition on the prefix: S3 answers 404 for a missing object only to who may
 * list, and reading an object names no prefix that a condition could allow.
 */
const listBucket = (bucket: IBucket): Permission =>
  permission({
    sid: 'ListBucket',
    actions: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
    resources: [bucket.bucketArn],
  });

const readObjects = (bucket: IBucket, ...folders: string[]): Permission =>
  objectsPermission('Read', ['s3:GetObject'], bucket, folders);

const writeObjects = (bucket: IBucket, ...folders: string[]): Permission =>
  objectsPermission(
    'Write',
    ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    bucket,
    folders,
  );

const deleteObjects = (bucket: IBucket, ...folders: string[]): Permission =>
  objectsPermission('Delete', ['s3:DeleteObject'], bucket, folders);

/** Everything below the folders of jobs, `keys.job` of store/keys.ts. */
const JOBS = 'runs/*/jobs/*';
/** Where trainers announce that their machine is about to be reclaimed. */
const NOTICES = 'runs/*/notices/*';

/**
 * A trainer reads data and works below its jobs' folders, where it also sweeps old checkpoints; it announces
 * reclaims.
 */
export const trainerPermissions = (bucket: IBucket): Permission[] => [
  listBucket(bucket),
  readObjects(bucket, 'blobs/*', JOBS, NOTICES),
  writeObjects(bucket, JOBS, NOTICES),
  deleteObjects(bucket, JOBS),
];

/** The worker writes documents of runs and deletes nothing. */
export const workerStorePermissions = (bucket: IBucket): Permission[] => [
  listBucket(bucket),
  readObjects(bucket, 'blobs/*', 'datasets/*', 'runs/*'),
  writeObjects(bucket, 'runs/*'),
];

/** A person adds data sets, starts runs, collects garbage, and asks `nas doctor`. */
export const operatorStorePermissions = (bucket: IBucket): Permission[] => {
  const all = ['blobs/*', 'datasets/*', 'runs/*', 'garbage/*', 'doctor/*'];
  return [
    listBucket(bucket),
    readObjects(bucket, ...all),
    writeObjects(bucket, ...all),
    deleteObjects(bucket, 'blobs/*', JOBS, 'garbage/*', 'doctor/*'),
  ];
};

/** `nas doctor` looks at queues and definitions, `nas run` at how much a queue has room for. */
export const inspectBatchPermission = (): Permission =>
  permission(
    {
      sid: 'InspectBatch',
      actions: [
        'batch:DescribeComputeEnvironments',
        'batch:DescribeJobDefinitions',
        'batch:DescribeJobQueues',
      ],
      resources: ['*'],
    },
    'AWS offers no narrower resource for these read-only actions.',
  );

/** Reading the logs of trainers and worker, for `nas logs`. */
export const readLogsPermission = (logGroup: ILogGroup): Permission =>
  permission(
    { sid: 'ReadLogs', actions: ['logs:GetLogEvents'], resources: [logGroup.logGroupArn] },
    'All streams of one log group: every attempt of a job has one of its own.',
  );

interface SubmitTarget {
  /** Names of the job queues. */
  readonly queues: readonly string[];
  /** Names of the job definitions; all their revisions are allowed. */
  readonly jobDefinitions: readonly string[];
  /** Bucket of the deployment: every job carries its name in a tag. */
  readonly bucket: IBucket;
}

const ANY_JOB = "A job's id exists only once it is submitted; the condition on its tag narrows this.";

/**
 * What launching and watching jobs takes: submit the stack's definitions to the stack's queues with the tag
 * of a deployment on the stack's bucket, look at jobs, and end jobs that carry that tag and no others.
 */
export const jobPermissions = (scope: Construct, target: SubmitTarget): Permission[] => {
  const arn = (resource: string, resourceName: string): string =>
    Stack.of(scope).formatArn({
      service: 'batch',
      resource,
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  // `deploymentId`, of any Temporal namespace.
  const ours = `*/${target.bucket.bucketName}/*`;
  return [
    permission(
      {
        sid: 'SubmitJobs',
        actions: ['batch:SubmitJob'],
        resources: [
          ...target.queues.map((name) => arn('job-queue', name)),
          ...target.jobDefinitions.flatMap((name) => [
            arn('job-definition', name),
            arn('job-definition', `${name}:*`),
          ]),
        ],
      },
      'All revisions of one definition: every deployment makes a new one.',
    ),
    permission(
      {
        sid: 'TagJobs',
        actions: ['batch:TagResource'],
        resources: [arn('job', '*')],
        conditions: { StringLike: { [`aws:RequestTag/${JOB_TAGS.deployment}`]: ours } },
      },
      ANY_JOB,
    ),
    permission(
      { sid: 'WatchJobs', actions: ['batch:DescribeJobs', 'batch:ListJobs'], resources: ['*'] },
      'AWS offers no narrower resource for these read-only actions.',
    ),
    permission(
      {
        sid: 'EndJobs',
        actions: ['batch:CancelJob', 'batch:TerminateJob'],
        resources: [arn('job', '*')],
        conditions: { StringLike: { [`aws:ResourceTag/${JOB_TAGS.deployment}`]: ours } },
      },
      ANY_JOB,
    ),
    permission(
      {
        sid: 'EndArrayChildren',
        actions: ['batch:CancelJob', 'batch:TerminateJob'],
        resources: [arn('job', '*:*')],
      },
      'Batch tags no child of an array, so that no condition can tell whose it is; a job by itself has no colon in its id.',
    ),
  ];
};
