import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRAINER_RETRY_STRATEGY } from '../../../nas/job/trainer-job.ts';
import { appOf, removeOutput, resourcesOf } from './deployment.ts';
import { grantsOf } from './policies.ts';

let template: Template;
beforeAll(() => {
  template = Template.fromStack(appOf().stack);
});
afterAll(removeOutput);

const propertiesOf = (type: string): Record<string, never>[] =>
  Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties as Record<string, never>);

describe('compute', () => {
  it('has a spot and an on-demand queue for each kind of machine, all of which shrink to nothing', () => {
    const environments = propertiesOf('AWS::Batch::ComputeEnvironment').map((properties) => {
      const resources = properties['ComputeResources'] as unknown as Record<string, unknown>;
      const [configuration] = resources['Ec2Configuration'] as { ImageType: string }[];
      return [
        resources['Type'],
        configuration?.ImageType,
        resources['AllocationStrategy'],
        resources['MinvCpus'],
      ].join(' ');
    });
    expect(environments.sort()).toEqual([
      'EC2 ECS_AL2023 BEST_FIT_PROGRESSIVE 0',
      'EC2 ECS_AL2023_NVIDIA BEST_FIT_PROGRESSIVE 0',
      'SPOT ECS_AL2023 SPOT_PRICE_CAPACITY_OPTIMIZED 0',
      'SPOT ECS_AL2023_NVIDIA SPOT_PRICE_CAPACITY_OPTIMIZED 0',
    ]);
    expect(
      propertiesOf('AWS::Batch::JobQueue')
        .map((queue) => String(queue['JobQueueName']))
        .sort(),
    ).toEqual([
      'durable-nas-cpu-on-demand',
      'durable-nas-cpu-spot',
      'durable-nas-gpu-on-demand',
      'durable-nas-gpu-spot',
    ]);
  });

  it('gives every machine an encrypted disk, IMDSv2 and the second hop that containers need', () => {
    const [data, ...others] = propertiesOf('AWS::EC2::LaunchTemplate').map(
      ({ LaunchTemplateData }) => LaunchTemplateData as unknown as Record<string, never>,
    );
    expect(others).toEqual([]);
    expect(data?.['MetadataOptions']).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 2 });
    for (const { Ebs } of data?.['BlockDeviceMappings'] as unknown as { Ebs: object }[])
      expect(Ebs).toMatchObject({ Encrypted: true, DeleteOnTermination: true });
    // Every environment follows the newest version of that template.
    for (const { ComputeResources } of propertiesOf('AWS::Batch::ComputeEnvironment'))
      expect(ComputeResources).toMatchObject({
        LaunchTemplate: { Version: { 'Fn::GetAtt': [expect.any(String), 'LatestVersionNumber'] } },
      });
  });

  it('stops a container no faster than a checkpoint within the notice needs', () => {
    const text = JSON.stringify(propertiesOf('AWS::EC2::LaunchTemplate'));
    const seconds = Number(/ECS_CONTAINER_STOP_TIMEOUT=(\d+)s/.exec(text)?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(60);
    expect(seconds).toBeLessThan(120);
    // The attempt that follows must find another machine than the one that is about to go.
    expect(text).toContain('ECS_ENABLE_SPOT_INSTANCE_DRAINING=true');
  });
});

describe('trainer jobs', () => {
  it('are retried by Batch after a reclaim and for no other reason, as on the embedded stack', () => {
    const strategies = propertiesOf('AWS::Batch::JobDefinition').map(({ RetryStrategy }) => RetryStrategy);
    expect(strategies).toHaveLength(2);
    for (const strategy of strategies)
      expect(strategy).toEqual({
        Attempts: TRAINER_RETRY_STRATEGY.attempts,
        EvaluateOnExit: [
          { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
          { Action: 'RETRY', OnExitCode: '75' },
          { Action: 'EXIT', OnReason: '*' },
        ],
      });
  });

  it('end after a limit, know their region, get SIGTERM, and share memory', () => {
    for (const definition of propertiesOf('AWS::Batch::JobDefinition')) {
      expect(definition['Timeout']).toEqual({ AttemptDurationSeconds: 86_400 });
      expect(definition['ContainerProperties']).toMatchObject({
        Command: ['node', 'scripts/run.mjs', 'containers/trainer/main.ts', 'Ref::job'],
        Environment: expect.arrayContaining([{ Name: 'AWS_REGION', Value: 'eu-west-1' }]) as unknown,
        LinuxParameters: { InitProcessEnabled: true, SharedMemorySize: 2_048 },
      });
      // A job whose submission names no document must not run another one.
      expect(definition['Parameters']).toEqual({ job: 'not-given' });
    }
  });

  it('have a GPU in one definition alone', () => {
    const gpus = propertiesOf('AWS::Batch::JobDefinition').map(
      ({ JobDefinitionName, ContainerProperties }) => [
        JobDefinitionName,
        (
          ContainerProperties as unknown as { ResourceRequirements: { Type: string; Value: string }[] }
        ).ResourceRequirements.find(({ Type }) => Type === 'GPU')?.Value,
      ],
    );
    expect(gpus).toEqual(
      expect.arrayContaining([
        ['durable-nas-trainer-gpu', '1'],
        ['durable-nas-trainer-cpu', undefined],
      ]),
    );
  });
});

describe('network', () => {
  it('lets nothing in', () => {
    for (const group of propertiesOf('AWS::EC2::SecurityGroup'))
      expect(group['SecurityGroupIngress']).toBeUndefined();
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    template.hasResourceProperties('AWS::ECS::Service', {
      NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
    });
  });

  it('starts machines in subnets without public addresses', () => {
    const subnets = resourcesOf(template, 'AWS::EC2::Subnet');
    for (const { ComputeResources } of propertiesOf('AWS::Batch::ComputeEnvironment')) {
      const references = (ComputeResources as unknown as { Subnets: { Ref: string }[] }).Subnets;
      expect(references).toHaveLength(3);
      for (const { Ref } of references) expect(subnets[Ref]?.Properties['MapPublicIpOnLaunch']).toBe(false);
    }
  });

  it('reaches S3 without passing the NAT gateway', () => {
    const endpoints = propertiesOf('AWS::EC2::VPCEndpoint');
    expect(endpoints.map(({ VpcEndpointType }) => VpcEndpointType)).toEqual(['Gateway']);
    expect(JSON.stringify(endpoints[0]?.['ServiceName'])).toContain('.s3');
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
  });
});

describe('bucket', () => {
  it('is private, encrypted, versioned and outlives the stack', () => {
    const buckets = Object.values(resourcesOf(template, 'AWS::S3::Bucket'));
    expect(buckets).toHaveLength(1);
    expect(buckets[0]).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: expect.anything() as unknown,
        VersioningConfiguration: { Status: 'Enabled' },
      },
    });
  });

  it('refuses requests without TLS', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Principal: { AWS: '*' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  it('expires what is not current, and never what is', () => {
    const { LifecycleConfiguration } = propertiesOf('AWS::S3::Bucket')[0] ?? {};
    const { Rules } = LifecycleConfiguration as unknown as { Rules: Record<string, unknown>[] };
    expect(Rules).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }),
        expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 3 } }),
      ]),
    );
    for (const rule of Rules) {
      expect(rule).not.toHaveProperty('ExpirationInDays');
      expect(rule).not.toHaveProperty('ExpirationDate');
    }
  });
});

describe('worker', () => {
  it('is told where runs live', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([
            { Name: 'NAS_QUEUE', Value: 'durable-nas-gpu-spot' },
            { Name: 'NAS_JOB_DEFINITION', Value: 'durable-nas-trainer-gpu' },
            { Name: 'TEMPORAL_ADDRESS', Value: 'temporal.example.internal:7233' },
          ]),
        }),
      ],
    });
  });
});

describe('a worker of Temporal Cloud', () => {
  it('speaks TLS and gets its secrets by name, which nobody else can read', () => {
    const cloud = Template.fromStack(
      appOf({
        worker: {
          temporalAddress: 'eu-west-1.aws.api.temporal.io:7233',
          temporalNamespace: 'searches.a1b2c',
          temporalTls: true,
          temporalSecrets: { apiKey: 'temporal/api-key', clientCertificate: 'tls.crt', clientKey: 'tls.key' },
        },
      }).stack,
    );
    const [task] = Object.values(resourcesOf(cloud, 'AWS::ECS::TaskDefinition'));
    const [container] = task?.Properties['ContainerDefinitions'] as {
      Environment: object[];
      Secrets: { Name: string; ValueFrom: unknown }[];
    }[];
    expect(container?.Environment).toContainEqual({ Name: 'TEMPORAL_TLS', Value: 'true' });
    expect(container?.Secrets.map(({ Name, ValueFrom }) => [Name, JSON.stringify(ValueFrom)])).toEqual([
      ['TEMPORAL_API_KEY', expect.stringContaining(':secret:temporal/api-key')],
      ['TEMPORAL_TLS_CLIENT_CERT_DATA', expect.stringContaining(':secret:tls.crt')],
      ['TEMPORAL_TLS_CLIENT_KEY_DATA', expect.stringContaining(':secret:tls.key')],
    ]);
    const readers = [
      'TrainerTaskRole',
      'WorkerTaskRole',
      'ExecutionRole',
      'WorkerExecutionRole',
      'Operators',
    ].filter((id) =>
      grantsOf(cloud, id).some(({ actions }) => actions.includes('secretsmanager:GetSecretValue')),
    );
    expect(readers).toEqual(['WorkerExecutionRole']);
  });
});

describe('the settings', () => {
  it('choose the machines, and whether there is a worker', () => {
    const other = Template.fromStack(
      appOf({ gpu: { instances: ['g6', 'p4d.24xlarge'], maxSpotPercent: 60 } }).stack,
    );
    other.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
      ComputeResources: Match.objectLike({
        Type: 'SPOT',
        InstanceTypes: ['p4d.24xlarge', 'g6'],
        BidPercentage: 60,
      }),
    });
    other.resourceCountIs('AWS::ECS::Service', 0);
  });
});

describe('the app', () => {
  it('refuses to synthesize what cdk-nag finds fault with', () => {
    const { app, stack } = appOf();
    new Bucket(stack, 'Careless');
    expect(() => app.synth()).toThrow(/durable-nas\/Careless[^]*AwsSolutions-S10/);
  });
});
