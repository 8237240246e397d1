import { Duration, Size } from 'aws-cdk-lib';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MultipartBody,
  MultipartUserData,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

interface MachineTemplateProps {
  /**
   * Size of the encrypted root volume.
   *
   * @default 100 GiB
   */
  readonly disk?: Size;
  /**
   * Time between SIGTERM and SIGKILL when a job is stopped: a checkpoint must fit.
   *
   * @default 110 seconds, a little less than a spot machine's notice
   */
  readonly stopTimeout?: Duration;
}

const ECS_POLICY = 'service-role/AmazonEC2ContainerServiceforEC2Role';

/**
 * What all trainer machines have in common: disk, metadata service, container agent, and the agent's role.
 */
export class MachineTemplate extends Construct {
  readonly launchTemplate: LaunchTemplate;
  readonly instanceRole: Role;

  constructor(scope: Construct, id: string, props: MachineTemplateProps = {}) {
    super(scope, id);
    const stopSeconds = (props.stopTimeout ?? Duration.seconds(110)).toSeconds();
    const agent = UserData.forLinux();
    agent.addCommands(
      `echo ECS_CONTAINER_STOP_TIMEOUT=${stopSeconds}s >> /etc/ecs/ecs.config`,
      // A machine that has its notice takes no further attempt: not even the next one of the job that just
      // left it.
      'echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config',
      // Images are named by content, so a cached one is the right one.
      'echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config',
    );
    const userData = new MultipartUserData();
    userData.addUserDataPart(agent, MultipartBody.SHELL_SCRIPT, true);
    this.launchTemplate = new LaunchTemplate(this, 'LaunchTemplate', {
      userData,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      // The trainer reads its machine's reclaim notice from inside a container: one hop more.
      httpPutResponseHopLimit: 2,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs((props.disk ?? Size.gibibytes(100)).toGibibytes(), {
            encrypted: true,
            volumeType: EbsDeviceVolumeType.GP3,
            deleteOnTermination: true,
          }),
        },
      ],
    });
    this.instanceRole = new Role(this, 'InstanceRole', {
      description: 'Container agent of the trainer machines',
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(ECS_POLICY)],
    });
    acknowledge(
      this.instanceRole,
      'AWS maintains this policy for the container agent, whose calls change with its version; jobs have a role of their own.',
      `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${ECS_POLICY}]`,
    );
  }
}
