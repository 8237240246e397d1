import { BatchClient } from '@aws-sdk/client-batch';
import {
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobQueuesCommand,
  RegisterJobDefinitionCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
  paginateDescribeJobDefinitions,
} from '@aws-sdk/client-batch';
import type {
  JobDefinition,
  JobStateTimeLimitAction,
  RegisterJobDefinitionCommandInput,
} from '@aws-sdk/client-batch';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashJson } from '../../../nas/core/hash.ts';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { trainerCommand, TRAINER_RETRY_STRATEGY } from '../../../nas/job/trainer-job.ts';
import { batchEndpoint, batchIdentity } from './document.ts';
import type { StackDocument } from './document.ts';

const COMPUTE_ENVIRONMENT = 'nas-local-spot';

const whenStuck = (reason: string, maxTimeSeconds: number): JobStateTimeLimitAction => ({
  action: 'CANCEL',
  state: 'RUNNABLE',
  reason,
  maxTimeSeconds,
});

/** As the queues of a deployment have them (`infra/fleet.ts`): no job waits for ever for what cannot come. */
const TIME_LIMITS = [
  whenStuck('CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY', 4 * 3600),
  whenStuck('MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE', 600),
  whenStuck('MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT', 600),
];

/** The definition names the copy of the code that its jobs run, as elsewhere it names an image. */
const jobDefinition = (stack: StackDocument, root: string): RegisterJobDefinitionCommandInput => ({
  jobDefinitionName: stack.config.jobDefinition,
  type: 'container',
  parameters: { job: 'not-given' },
  containerProperties: {
    image: `durable-nas/trainer:${stack.code ?? 'latest'}`,
    command: trainerCommand(root),
    resourceRequirements: [
      { type: 'VCPU', value: '1' },
      { type: 'MEMORY', value: '4096' },
    ],
  },
  retryStrategy: TRAINER_RETRY_STRATEGY,
});

const clientOf = (stack: StackDocument): BatchClient =>
  new BatchClient({
    endpoint: batchEndpoint(stack),
    ...batchIdentity(stack),
  });

const untilValid = async (what: string, read: () => Promise<string | undefined>): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while ((await read()) !== 'VALID') {
    if (performance.now() > deadline) {
      throw infrastructureError(`Batch: ${what} does not become VALID`, 'see .nas/logs/batch.log');
    }
    await sleep(50);
  }
};

/**
 * Creates what a run needs from Batch, through Batch's own interface: a spot compute environment, the queue,
 * and the trainer's job definition over the code in `root` (a new revision only when it differs from the
 * newest).
 */
export const ensureBatchResources = async (stack: StackDocument, root: string): Promise<void> => {
  const batch = clientOf(stack);
  try {
    const environments = () =>
      batch.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: [COMPUTE_ENVIRONMENT] }));
    const [present] = (await environments()).computeEnvironments ?? [];
    if (present === undefined) {
      await batch.send(
        new CreateComputeEnvironmentCommand({
          computeEnvironmentName: COMPUTE_ENVIRONMENT,
          type: 'MANAGED',
          state: 'ENABLED',
          computeResources: {
            type: 'SPOT',
            allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
            minvCpus: 0,
            maxvCpus: stack.slots,
            instanceTypes: ['optimal'],
            subnets: ['subnet-00000000'],
            securityGroupIds: ['sg-00000000'],
            instanceRole: 'ecsInstanceRole',
          },
        }),
      );
    } else if (present.computeResources?.maxvCpus !== stack.slots) {
      await batch.send(
        new UpdateComputeEnvironmentCommand({
          computeEnvironment: COMPUTE_ENVIRONMENT,
          computeResources: { maxvCpus: stack.slots },
        }),
      );
    }
    await untilValid(
      COMPUTE_ENVIRONMENT,
      async () => (await environments()).computeEnvironments?.[0]?.status,
    );
    const queues = () => batch.send(new DescribeJobQueuesCommand({ jobQueues: [stack.config.queue] }));
    const [queue] = (await queues()).jobQueues ?? [];
    if (queue === undefined) {
      await batch.send(
        new CreateJobQueueCommand({
          jobQueueName: stack.config.queue,
          state: 'ENABLED',
          priority: 1,
          computeEnvironmentOrder: [{ order: 1, computeEnvironment: COMPUTE_ENVIRONMENT }],
          jobStateTimeLimitActions: TIME_LIMITS,
        }),
      );
    } else if ((queue.jobStateTimeLimitActions ?? []).length !== TIME_LIMITS.length) {
      await batch.send(
        new UpdateJobQueueCommand({
          jobQueue: stack.config.queue,
          jobStateTimeLimitActions: TIME_LIMITS,
        }),
      );
    }
    await untilValid(stack.config.queue, async () => (await queues()).jobQueues?.[0]?.status);
    const wanted = jobDefinition(stack, root);
    const tag = hashJson(wanted);
    const jobDefinitions: JobDefinition[] = [];
    const query = { jobDefinitionName: stack.config.jobDefinition, status: 'ACTIVE' };
    for await (const page of paginateDescribeJobDefinitions({ client: batch }, query))
      jobDefinitions.push(...(page.jobDefinitions ?? []));
    const newest = jobDefinitions.sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
    if (newest?.tags?.['specification'] !== tag) {
      await batch.send(new RegisterJobDefinitionCommand({ ...wanted, tags: { specification: tag } }));
    }
  } finally {
    batch.destroy();
  }
};
