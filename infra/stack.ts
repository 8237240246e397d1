import { CfnOutput, Duration, Fn, RemovalPolicy, Size, Stack, Tags, type StackProps } from 'aws-cdk-lib';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.ts';
import { Fleet } from './fleet.ts';
import { trainerImage, workerImage } from './images.ts';
import { MachineTemplate } from './machine-template.ts';
import { Network } from './network.ts';
import {
  inspectBatchPermission,
  jobPermissions,
  operatorStorePermissions,
  readLogsPermission,
  trainerPermissions,
  workerStorePermissions,
} from './permissions.ts';
import { RunStore } from './run-store.ts';
import type { DeploySettings } from './settings.ts';
import { executionRole, taskRole } from './task-roles.ts';
import { TrainerJob } from './trainer-job.ts';
import { WorkerService } from './worker-service.ts';

interface NasStackProps extends StackProps {
  readonly settings: DeploySettings;
}

const KINDS = ['gpu', 'cpu'] as const;
const MARKETS = ['spot', 'on-demand'] as const;

/** Everything that runs need in one AWS account, but the Temporal server. */
export class NasStack extends Stack {
  readonly #zones: number;

  constructor(scope: Construct, id: string, { settings, ...props }: NasStackProps) {
    super(scope, id, { description: 'durable-nas: bucket, job queues, trainer jobs and worker', ...props });
    const { name, trainer } = settings;
    this.#zones = settings.network.zones;
    Tags.of(this).add('durable-nas', name);

    const network = new Network(this, 'Network', { ...settings.network, logRetention: settings.logDays });
    const { vpc, privateSubnets: subnets } = network;
    const { bucket } = new RunStore(this, 'Store', {
      noncurrentExpiration: Duration.days(settings.storage.noncurrentDays),
      abandonedUploads: Duration.days(settings.storage.abandonedUploadDays),
    });
    const logGroup = new LogGroup(this, 'Logs', {
      retention: settings.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const { launchTemplate, instanceRole } = new MachineTemplate(this, 'Machine', {
      disk: Size.gibibytes(trainer.diskGiB),
    });
    const queueName = (kind: string, market: string): string => `${name}-${kind}-${market}`;
    const jobName = (kind: string): string => `${name}-trainer-${kind}`;
    for (const kind of KINDS)
      for (const market of MARKETS)
        new Fleet(this, `Fleet-${kind}-${market}`, {
          queueName: queueName(kind, market),
          vpc,
          subnets,
          launchTemplate,
          instanceRole,
          instances: settings[kind].instances,
          maxVcpus: settings[kind].maxVcpus,
          maxSpotPercent: settings[kind].maxSpotPercent,
          gpu: kind === 'gpu',
          spot: market === 'spot',
          capacityTimeout: Duration.minutes(trainer.capacityMinutes),
        });

    const jobRole = taskRole(this, 'TrainerTaskRole', 'Trainer jobs', trainerPermissions(bucket));
    const pullAndLog = executionRole(this, 'ExecutionRole');
    for (const kind of KINDS)
      new TrainerJob(this, `Trainer-${kind}`, {
        name: jobName(kind),
        image: trainerImage(this, kind),
        jobRole,
        executionRole: pullAndLog,
        logGroup,
        vcpus: settings[kind].vcpus,
        memory: Size.mebibytes(settings[kind].memoryMiB),
        gpus: kind === 'gpu' ? 1 : 0,
        sharedMemory: Size.mebibytes(trainer.sharedMemoryMiB),
        timeout: Duration.hours(trainer.timeoutHours),
      });

    const jobs = () =>
      jobPermissions(this, {
        queues: KINDS.flatMap((kind) => MARKETS.map((market) => queueName(kind, market))),
        jobDefinitions: KINDS.map(jobName),
        bucket,
      });
    const workerRole = taskRole(this, 'WorkerTaskRole', 'Worker', [
      ...workerStorePermissions(bucket),
      ...jobs(),
    ]);
    if (settings.worker !== undefined) {
      const { count, temporalTls, temporalSecrets, ...temporal } = settings.worker;
      new WorkerService(this, 'Worker', {
        vpc,
        subnets,
        image: workerImage(this),
        taskRole: workerRole,
        executionRole: executionRole(this, 'WorkerExecutionRole'),
        logGroup,
        count,
        temporalTls,
        temporalSecrets,
        config: {
          region: this.region,
          bucket: bucket.bucketName,
          queue: queueName('gpu', 'spot'),
          jobDefinition: jobName('gpu'),
          ...temporal,
        },
      });
    }
    const operate = [
      ...operatorStorePermissions(bucket),
      inspectBatchPermission(),
      readLogsPermission(logGroup),
      ...jobs(),
    ];
    const operators = new ManagedPolicy(this, 'Operators', {
      description: `What a person needs to use nas with ${name}: attach it to people or their roles`,
      statements: operate.map(({ statement }) => statement),
    });
    acknowledgeWildcards(operators, operate);

    const outputs = {
      Bucket: bucket.bucketName,
      GpuQueue: queueName('gpu', 'spot'),
      GpuOnDemandQueue: queueName('gpu', 'on-demand'),
      GpuJobDefinition: jobName('gpu'),
      CpuQueue: queueName('cpu', 'spot'),
      CpuOnDemandQueue: queueName('cpu', 'on-demand'),
      CpuJobDefinition: jobName('cpu'),
      LogGroup: logGroup.logGroupName,
      WorkerRole: workerRole.roleArn,
      OperatorPolicy: operators.managedPolicyArn,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, key, { value });
  }

  /**
   * Chosen by CloudFormation, so that the template is the same for every account and made without asking one.
   */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.#zones }, (_, zone) => Fn.select(zone, Fn.getAzs()));
  }
}
