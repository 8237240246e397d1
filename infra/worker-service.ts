import { Duration, Stack } from 'aws-cdk-lib';
import { SecurityGroup, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Secret as EcsSecret,
  type ContainerImage,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { CONFIG_VARIABLES } from '../nas/experiment/config.ts';
import type { Config } from '../nas/experiment/config.ts';
import { acknowledge } from './acknowledge.ts';
import type { DeploySettings } from './settings.ts';

interface WorkerServiceProps {
  readonly vpc: IVpc;
  readonly subnets: SubnetSelection;
  readonly image: ContainerImage;
  readonly taskRole: IRole;
  readonly executionRole: IRole;
  readonly logGroup: ILogGroup;
  /** Where runs live; the worker reads it from its environment. */
  readonly config: Config;
  /** Speak TLS to Temporal although there is neither API key nor certificate. */
  readonly temporalTls: boolean;
  /** Names of the secrets that Temporal asks for. */
  readonly temporalSecrets: NonNullable<DeploySettings['worker']>['temporalSecrets'];
  /**
   * Workers that share the task queue.
   *
   * @default 1
   */
  readonly count?: number;
}

/** The variable in which Temporal's own tools, too, look for each secret. */
const SECRET_VARIABLES = {
  apiKey: 'TEMPORAL_API_KEY',
  clientCertificate: 'TEMPORAL_TLS_CLIENT_CERT_DATA',
  clientKey: 'TEMPORAL_TLS_CLIENT_KEY_DATA',
} as const satisfies Record<keyof WorkerServiceProps['temporalSecrets'], string>;

/** The worker: waits for jobs and moves runs on. It listens on no port. */
export class WorkerService extends Construct {
  readonly service: FargateService;

  constructor(scope: Construct, id: string, props: WorkerServiceProps) {
    super(scope, id);
    const secrets = props.temporalSecrets as Readonly<Record<string, string>>;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: 1024,
      memoryLimitMiB: 2048,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      taskRole: props.taskRole,
      executionRole: props.executionRole,
    });
    task.addContainer('worker', {
      image: props.image,
      environment: {
        ...Object.fromEntries(
          Object.entries(CONFIG_VARIABLES).map(([field, variable]) => [
            variable,
            props.config[field as keyof Config],
          ]),
        ),
        ...(props.temporalTls ? { TEMPORAL_TLS: 'true' } : {}),
      },
      secrets: Object.fromEntries(
        Object.entries(secrets).map(([field, name]) => [
          SECRET_VARIABLES[field as keyof typeof SECRET_VARIABLES],
          EcsSecret.fromSecretsManager(Secret.fromSecretNameV2(this, `Secret-${field}`, name)),
        ]),
      ),
      logging: LogDrivers.awsLogs({ logGroup: props.logGroup, streamPrefix: 'worker' }),
      // The worker hands over what waits within 20 s of SIGTERM.
      stopTimeout: Duration.seconds(60),
    });
    acknowledge(task, 'The environment holds names and addresses, no secret.', 'AwsSolutions-ECS2');
    for (const name of Object.values(secrets))
      acknowledge(
        props.executionRole,
        'A secret is known by its name; Secrets Manager appends six characters of its own to the ARN.',
        `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:${name}-??????]`,
      );
    this.service = new FargateService(this, 'Service', {
      // The library's interfaces leave `undefined` out of what its classes return.
      cluster: new Cluster(this, 'Cluster', {
        vpc: props.vpc,
        containerInsightsV2: ContainerInsights.ENABLED,
      }) as ICluster,
      taskDefinition: task,
      desiredCount: props.count ?? 1,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      assignPublicIp: false,
      vpcSubnets: props.subnets,
      securityGroups: [
        new SecurityGroup(this, 'SecurityGroup', {
          vpc: props.vpc,
          description: `Worker of ${Stack.of(this).stackName}: nothing comes in`,
        }),
      ],
    });
  }
}
