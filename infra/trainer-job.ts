import { Duration, Size, Stack } from 'aws-cdk-lib';
import {
  Action,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  LinuxParameters,
  Reason,
  RetryStrategy,
  UlimitName,
} from 'aws-cdk-lib/aws-batch';
import { LogDrivers, type ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { TRAINER_COMMAND, TRAINER_RETRY_STRATEGY } from '../nas/job/trainer-job.ts';

interface TrainerJobProps {
  /** Name of the job definition. */
  readonly name: string;
  readonly image: ContainerImage;
  readonly jobRole: IRole;
  readonly executionRole: IRole;
  readonly logGroup: ILogGroup;
  /** vCPUs of a job that asks for none. */
  readonly vcpus: number;
  /** Memory of a job that asks for none. */
  readonly memory: Size;
  /**
   * GPUs of a job.
   *
   * @default 0
   */
  readonly gpus?: number;
  /**
   * Shared memory, through which prefetched batches travel.
   *
   * @default 2 GiB
   */
  readonly sharedMemory?: Size;
  /**
   * Limit of each attempt that sets none.
   *
   * @default 24 hours
   */
  readonly timeout?: Duration;
}

const ACTIONS = { RETRY: Action.RETRY, EXIT: Action.EXIT } as const;

/**
 * The job definition of the trainer. Its retry rules are those of the embedded stack, from the same constant.
 */
export class TrainerJob extends Construct {
  readonly definition: EcsJobDefinition;

  constructor(scope: Construct, id: string, props: TrainerJobProps) {
    super(scope, id);
    const { gpus = 0 } = props;
    this.definition = new EcsJobDefinition(this, 'Definition', {
      jobDefinitionName: props.name,
      parameters: { job: 'not-given' },
      propagateTags: true,
      retryAttempts: TRAINER_RETRY_STRATEGY.attempts,
      retryStrategies: TRAINER_RETRY_STRATEGY.evaluateOnExit.map(({ action, ...on }) =>
        RetryStrategy.of(ACTIONS[action], Reason.custom(on)),
      ),
      timeout: props.timeout ?? Duration.hours(24),
      // A run that began with an older revision finishes with it.
      skipDeregisterOnUpdate: true,
      container: new EcsEc2ContainerDefinition(this, 'Container', {
        image: props.image,
        command: [...TRAINER_COMMAND],
        // The container agent gives machines' containers no region.
        environment: { AWS_REGION: Stack.of(this).region },
        cpu: props.vcpus,
        memory: props.memory,
        ...(gpus === 0 ? {} : { gpu: gpus }),
        jobRole: props.jobRole,
        executionRole: props.executionRole,
        logging: LogDrivers.awsLogs({ logGroup: props.logGroup, streamPrefix: props.name }),
        linuxParameters: new LinuxParameters(this, 'Linux', {
          // Reaps children and passes SIGTERM on.
          initProcessEnabled: true,
          sharedMemorySize: props.sharedMemory ?? Size.gibibytes(2),
        }),
        ulimits: [{ name: UlimitName.NOFILE, softLimit: 65_536, hardLimit: 65_536 }],
      }),
    });
  }
}
