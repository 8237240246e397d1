import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../../store/keys.ts';
import { appOf, removeOutput, resourcesOf } from './deployment.ts';
import { findGrant, grantsOf, textOf, type Grant } from './policies.ts';

let template: Template;
let trainer: Grant[];
let worker: Grant[];
let operators: Grant[];
beforeAll(() => {
  template = Template.fromStack(appOf().stack);
  trainer = grantsOf(template, 'TrainerTaskRole');
  worker = grantsOf(template, 'WorkerTaskRole');
  operators = grantsOf(template, 'Operators');
});
afterAll(removeOutput);

const JOB = keys.job('a-run', 'stage-1/seed-0');
const SHA = 'ab'.repeat(32);
const object = (key: string): string => `bucket/${key}`;
const batch = (resource: string): string => `arn:partition:batch:eu-west-1:accountid:${resource}`;

describe('a trainer', () => {
  it('may do what its own job takes', () => {
    const reads = [
      ...[JOB.document, JOB.array('0'), JOB.latest],
      ...[JOB.manifest(1, 2), JOB.chunk(1, 2, SHA), keys.blob(SHA)],
    ];
    const writes = [
      ...[JOB.lease, JOB.latest, JOB.manifest(1, 2), JOB.chunk(1, 2, SHA), JOB.refusal(1, 2)],
      ...[JOB.attempt(1), JOB.progress, JOB.result, JOB.handover(1)],
      keys.notice('a-run', 'stage-1/seed-0', 1),
    ];
    for (const key of reads) expect(findGrant(trainer, 's3:GetObject', object(key)), key).toBeDefined();
    for (const key of writes) expect(findGrant(trainer, 's3:PutObject', object(key)), key).toBeDefined();
    for (const key of [JOB.manifest(1, 2), JOB.chunk(1, 2, SHA)])
      expect(findGrant(trainer, 's3:DeleteObject', object(key)), key).toBeDefined();
  });

  it('may list without a condition on the prefix, or a missing object would read as forbidden', () => {
    expect(findGrant(trainer, 's3:ListBucket', 'bucket')?.conditions).toEqual({});
  });

  it.each([
    ['s3:PutObject', object(keys.blob(SHA))],
    ['s3:PutObject', object(keys.dataset('cifar10'))],
    ['s3:PutObject', object(keys.experiment('a-run'))],
    ['s3:PutObject', object(keys.stageResult('a-run', 'search'))],
    ['s3:PutObject', object(keys.report('a-run', 'report.json'))],
    ['s3:DeleteObject', object(keys.blob(SHA))],
    ['s3:DeleteObjectVersion', object(JOB.latest)],
    ['s3:PutBucketPolicy', 'bucket'],
    ['s3:GetObject', 'another-bucket/blobs/x'],
    ['batch:SubmitJob', batch('job-queue/durable-nas-gpu-spot')],
    ['batch:TerminateJob', batch('job/1')],
    ['ecr:GetAuthorizationToken', '*'],
  ])('may not %s %s', (action, resource) => {
    expect(findGrant(trainer, action, resource)).toBeUndefined();
  });
});

describe('the worker', () => {
  it('may submit the definitions of the stack to its queues, in any revision', () => {
    for (const resource of [
      'job-queue/durable-nas-gpu-spot',
      'job-queue/durable-nas-gpu-on-demand',
      'job-definition/durable-nas-trainer-gpu',
      'job-definition/durable-nas-trainer-gpu:7',
      'job-definition/durable-nas-trainer-cpu:12',
    ])
      expect(findGrant(worker, 'batch:SubmitJob', batch(resource)), resource).toBeDefined();
  });

  it.each([
    ['batch:SubmitJob', batch('job-queue/payroll')],
    ['batch:SubmitJob', batch('job-definition/durable-nas-trainer-gpu-2:1')],
    ['batch:RegisterJobDefinition', batch('job-definition/durable-nas-trainer-gpu')],
    ['batch:UpdateComputeEnvironment', batch('compute-environment/x')],
    ['iam:PassRole', 'arn:partition:iam::accountid:role/x'],
    ['s3:DeleteObject', object(JOB.latest)],
    ['s3:PutObject', object(keys.dataset('cifar10'))],
    ['ec2:TerminateInstances', '*'],
  ])('may not %s %s', (action, resource) => {
    expect(findGrant(worker, action, resource)).toBeUndefined();
  });

  it("may end jobs that carry the tag of a deployment on the stack's bucket, children of arrays, and tag no others", () => {
    const tag = (grant: Grant | undefined, key: string): string => {
      const { StringLike, ...others } = grant?.conditions ?? {};
      expect(others).toEqual({});
      expect(Object.keys(StringLike ?? {})).toEqual([key]);
      return textOf(StringLike?.[key]);
    };
    expect(
      tag(findGrant(worker, 'batch:TerminateJob', batch('job/1')), 'aws:ResourceTag/nas-deployment'),
    ).toMatch(/^\*\/StoreBucket\w+\/\*$/i);
    const untagged = worker.filter(({ conditions }) => Object.keys(conditions).length === 0);
    expect(findGrant(untagged, 'batch:TerminateJob', batch('job/1:2'))).toBeDefined();
    expect(findGrant(untagged, 'batch:TerminateJob', batch('job/1'))).toBeUndefined();
    expect(
      tag(findGrant(worker, 'batch:TagResource', batch('job/1')), 'aws:RequestTag/nas-deployment'),
    ).toMatch(/^\*\/StoreBucket\w+\/\*$/i);
  });

  it('may write what a run writes', () => {
    for (const key of [
      JOB.document,
      JOB.handover(1),
      JOB.rehearsal,
      keys.experiment('a-run'),
      keys.stageResult('a-run', 'search'),
      keys.report('a-run', 'report.json'),
    ])
      expect(findGrant(worker, 's3:PutObject', object(key)), key).toBeDefined();
  });
});

describe('an operator', () => {
  it('may add data, start runs and collect garbage', () => {
    for (const key of [
      keys.blob(SHA),
      keys.dataset('cifar10'),
      keys.experiment('a-run'),
      keys.condemned(),
      'doctor/1',
    ])
      expect(findGrant(operators, 's3:PutObject', object(key)), key).toBeDefined();
    for (const key of [keys.blob(SHA), JOB.chunk(1, 2, SHA)])
      expect(findGrant(operators, 's3:DeleteObject', object(key)), key).toBeDefined();
  });

  it('may read logs, of the log group of the stack alone', () => {
    const grant = operators.find(({ actions }) => actions.includes('logs:GetLogEvents'));
    expect(grant?.resources).toEqual([expect.stringMatching(/^Logs[0-9A-F]+\.Arn$/)]);
  });

  it('may not delete an experiment or a report', () => {
    for (const key of [
      keys.experiment('a-run'),
      keys.report('a-run', 'report.json'),
      keys.dataset('cifar10'),
    ])
      expect(findGrant(operators, 's3:DeleteObject', object(key)), key).toBeUndefined();
  });
});

describe('every policy', () => {
  /** Actions for which AWS knows no narrower resource. */
  const UNSCOPED = [
    'batch:DescribeJobs',
    'batch:ListJobs',
    'batch:DescribeComputeEnvironments',
    'batch:DescribeJobDefinitions',
    'batch:DescribeJobQueues',
    'ecr:GetAuthorizationToken',
  ];

  it('names actions one by one, and resources wherever AWS lets it', () => {
    const grants = grantsOf(template, '');
    expect(grants.length).toBeGreaterThan(15);
    for (const { actions, resources } of grants) {
      for (const action of actions) expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/);
      if (resources.includes('*')) for (const action of actions) expect(UNSCOPED).toContain(action);
    }
  });

  it('of a container is taken by containers of this account alone', () => {
    const roles = Object.entries(resourcesOf(template, 'AWS::IAM::Role')).filter(([id]) =>
      /^(TrainerTask|WorkerTask|WorkerExecution|Execution)Role/.test(id),
    );
    expect(roles).toHaveLength(4);
    for (const [, { Properties }] of roles)
      expect(Properties['AssumeRolePolicyDocument']).toMatchObject({
        Statement: [
          {
            Principal: { Service: 'ecs-tasks.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      });
  });
});
