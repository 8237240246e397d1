import { Duration } from 'aws-cdk-lib';
import {
  AllocationStrategy,
  type CfnComputeEnvironment,
  EcsMachineImageType,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
  ManagedEc2EcsComputeEnvironment,
} from 'aws-cdk-lib/aws-batch';
import type { SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  InstanceType,
  SecurityGroup,
  type LaunchTemplate,
  type InstanceClass,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

interface FleetProps {
  /** Name of the job queue. */
  readonly queueName: string;
  readonly vpc: IVpc;
  readonly subnets: SubnetSelection;
  readonly launchTemplate: LaunchTemplate;
  readonly instanceRole: IRole;
  /** EC2 classes (`g5`) or types (`g5.xlarge`), x86-64. */
  readonly instances: readonly string[];
  /** vCPUs of all machines together. */
  readonly maxVcpus: number;
  /**
   * Whether the machines have GPUs, and so need the image with NVIDIA's driver.
   *
   * @default false
   */
  readonly gpu?: boolean;
  /**
   * Spot machines instead of on-demand ones.
   *
   * @default false
   */
  readonly spot?: boolean;
  /**
   * Most that is paid for a spot machine, per cent of the on-demand price.
   *
   * @default 100
   */
  readonly maxSpotPercent?: number;
  /**
   * How long a job may wait because there are no machines.
   *
   * @default 4 hours
   */
  readonly capacityTimeout?: Duration;
}

/** How long Batch watches a job that no machine could ever hold. */
const MISFIT_TIMEOUT = Duration.minutes(10);

/** Machines of one kind and one market, which come and go with the jobs of their own queue. */
export class Fleet extends Construct {
  readonly queue: JobQueue;

  constructor(scope: Construct, id: string, props: FleetProps) {
    super(scope, id);
    const { gpu = false, spot = false, maxSpotPercent = 100 } = props;
    const types = props.instances.filter((name) => name.includes('.'));
    const classes = props.instances.filter((name) => !name.includes('.'));
    const machines = new ManagedEc2EcsComputeEnvironment(this, 'Machines', {
      vpc: props.vpc,
      vpcSubnets: props.subnets,
      securityGroups: [
        new SecurityGroup(this, 'SecurityGroup', {
          vpc: props.vpc,
          description: 'Trainer machines: nothing comes in',
        }),
      ],
      instanceTypes: types.map((name) => new InstanceType(name)),
      instanceClasses: classes as InstanceClass[],
      useOptimalInstanceClasses: false,
      images: [{ imageType: gpu ? EcsMachineImageType.ECS_AL2023_NVIDIA : EcsMachineImageType.ECS_AL2023 }],
      instanceRole: props.instanceRole,
      launchTemplate: props.launchTemplate,
      minvCpus: 0,
      maxvCpus: props.maxVcpus,
      spot,
      allocationStrategy: spot
        ? AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        : AllocationStrategy.BEST_FIT_PROGRESSIVE,
      ...(spot && maxSpotPercent < 100 ? { spotBidPercentage: maxSpotPercent } : {}),
      updateToLatestImageVersion: true,
      // A changed environment takes the running jobs' machines only after they had time to finish a
      // checkpoint.
      terminateOnUpdate: false,
      updateTimeout: Duration.hours(1),
    });
    // Without a version, a changed template would never reach the machines: its default version stays the
    // first.
    (machines.node.defaultChild as CfnComputeEnvironment).addPropertyOverride(
      'ComputeResources.LaunchTemplate.Version',
      props.launchTemplate.latestVersionNumber,
    );
    const whenStuck = (reason: JobStateTimeLimitActionsReason, maxTime: Duration) => ({
      action: JobStateTimeLimitActionsAction.CANCEL,
      state: JobStateTimeLimitActionsState.RUNNABLE,
      reason,
      maxTime,
    });
    this.queue = new JobQueue(this, 'Queue', {
      jobQueueName: props.queueName,
      computeEnvironments: [{ computeEnvironment: machines, order: 1 }],
      jobStateTimeLimitActions: [
        whenStuck(
          JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
          props.capacityTimeout ?? Duration.hours(4),
        ),
        whenStuck(JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE, MISFIT_TIMEOUT),
        whenStuck(JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT, MISFIT_TIMEOUT),
      ],
    });
  }
}
