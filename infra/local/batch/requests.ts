import { z } from 'zod';
import { shownValue } from '../../../nas/core/shown-value.ts';
import { clientException } from './errors.ts';

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/,
    'Member must be up to 128 letters, numbers, hyphens and underscores, the first one alphanumeric',
  );
/** AWS general reference, "Tagging AWS resources". */
const TAG_RULES = { tags: 50, key: 128, value: 256, characters: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u } as const;

/** Why AWS refuses these tags; `undefined` when it does not. */
export const faultOfTags = (tags: Readonly<Record<string, string>>): string | undefined => {
  if (Object.keys(tags).length > TAG_RULES.tags) return `A resource can have at most ${TAG_RULES.tags} tags`;
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > TAG_RULES.key) return `Tag keys have 1 to ${TAG_RULES.key} characters`;
    if (/^aws:/i.test(key)) return `${key}: tag keys must not begin with aws:, which AWS keeps to itself`;
    if (value.length > TAG_RULES.value)
      return `${key}: tag values have at most ${TAG_RULES.value} characters`;
    if (!TAG_RULES.characters.test(key + value))
      return `${key}: tags are letters, digits, spaces and _.:/=+-@`;
  }
  return undefined;
};
const tags = z.record(z.string(), z.string()).superRefine((given, context) => {
  const message = faultOfTags(given);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const parameters = z.record(z.string(), z.string());
const state = z.enum(['ENABLED', 'DISABLED']);
const maxResults = z.number().int().min(1).max(100);

const whole = z.string().regex(/^\d+$/, 'Member must be an integer');
const atLeast = (least: number) => (value: string) => Number(value) >= least;
const resourceRequirement = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('GPU'),
    value: whole.refine(atLeast(1), 'Member must be greater than or equal to 1'),
  }),
  z.looseObject({
    type: z.literal('MEMORY'),
    value: whole.refine(atLeast(4), 'Member must be greater than or equal to 4'),
  }),
  // What of it a platform takes is for the job definition to say.
  z.looseObject({
    type: z.literal('VCPU'),
    value: z.string().regex(/^\d+(\.\d+)?$/, 'Member must be a number'),
  }),
]);
const keyValue = z.object({ name: z.string(), value: z.string().optional() });
const environment = z
  .array(keyValue)
  .refine(
    (pairs) => !pairs.some((p) => p.name.startsWith('AWS_BATCH')),
    'Environment variables must not start with "AWS_BATCH"',
  );
const vcpus = z.number().int().min(1);
const memory = z.number().int().min(4);

const reasonGlob = z
  .string()
  .max(512)
  .regex(
    /^[A-Za-z0-9.:\s]*\*?$/,
    'Member must be letters, numbers, periods, colons and white space, optionally ending with an asterisk',
  );
const retryStrategy = z
  .object({
    attempts: z.number().int().min(1).max(10).optional(),
    evaluateOnExit: z
      .array(
        z.object({
          onStatusReason: reasonGlob.optional(),
          onReason: reasonGlob.optional(),
          onExitCode: z
            .string()
            .regex(/^\d{1,512}\*?$|^\*$/, 'Member must be digits, optionally ending with an asterisk')
            .optional(),
          action: z
            .string()
            .regex(/^(retry|exit)$/i, 'Member must satisfy enum value set: [RETRY, EXIT]')
            .transform((action) => action.toUpperCase() as 'RETRY' | 'EXIT'),
        }),
      )
      .max(5)
      .optional(),
  })
  .refine(
    ({ attempts, evaluateOnExit }) => attempts !== undefined || evaluateOnExit === undefined,
    'If evaluateOnExit is specified, attempts must be specified too',
  );
const timeout = z.object({ attemptDurationSeconds: z.number().int().min(60) });

const containerProperties = z.looseObject({
  image: z.string().min(1),
  vcpus: vcpus.optional(),
  memory: memory.optional(),
  command: z.array(z.string()).optional(),
  environment: environment.optional(),
  resourceRequirements: z.array(resourceRequirement).optional(),
});

const environmentOrder = z
  .array(z.object({ order: z.number().int(), computeEnvironment: z.string() }))
  .min(1)
  .max(3);
const timeLimitActions = z.array(
  z.object({
    reason: z.string(),
    state: z.literal('RUNNABLE'),
    maxTimeSeconds: z.number().int().min(600).max(86_400),
    // TERMINATE is for queues of SageMaker, which this endpoint has none of.
    action: z.literal('CANCEL'),
  }),
);
/** Why a job is ended. */
const reason = z.string().min(1).max(1024);

const computeResources = z.looseObject({
  type: z.enum(['EC2', 'SPOT', 'FARGATE', 'FARGATE_SPOT']),
  maxvCpus: z.number().int().min(0),
  minvCpus: z.number().int().min(0).optional(),
  desiredvCpus: z.number().int().min(0).optional(),
  instanceTypes: z.array(z.string()).optional(),
  subnets: z.array(z.string()).optional(),
  securityGroupIds: z.array(z.string()).optional(),
});

/** Bodies of the operations; fields beyond these are dropped, as AWS does. */
export const requests = {
  CreateComputeEnvironment: z.object({
    computeEnvironmentName: name,
    type: z.enum(['MANAGED', 'UNMANAGED']),
    state: state.optional(),
    unmanagedvCpus: z.number().int().min(0).optional(),
    computeResources: computeResources.optional(),
    serviceRole: z.string().optional(),
    tags: tags.optional(),
  }),
  UpdateComputeEnvironment: z.object({
    computeEnvironment: z.string(),
    state: state.optional(),
    unmanagedvCpus: z.number().int().min(0).optional(),
    computeResources: computeResources.partial().optional(),
    serviceRole: z.string().optional(),
  }),
  DeleteComputeEnvironment: z.object({ computeEnvironment: z.string() }),
  DescribeComputeEnvironments: z.object({
    computeEnvironments: z.array(z.string()).max(100).optional(),
    maxResults: maxResults.optional(),
    nextToken: z.string().optional(),
  }),
  CreateJobQueue: z.object({
    jobQueueName: name,
    state: state.optional(),
    priority: z.number().int().min(0).max(1000),
    computeEnvironmentOrder: environmentOrder,
    schedulingPolicyArn: z.string().optional(),
    jobStateTimeLimitActions: timeLimitActions.optional(),
    tags: tags.optional(),
  }),
  UpdateJobQueue: z.object({
    jobQueue: z.string(),
    state: state.optional(),
    priority: z.number().int().min(0).max(1000).optional(),
    computeEnvironmentOrder: environmentOrder.optional(),
    schedulingPolicyArn: z.string().optional(),
    jobStateTimeLimitActions: timeLimitActions.optional(),
  }),
  DeleteJobQueue: z.object({ jobQueue: z.string() }),
  DescribeJobQueues: z.object({
    jobQueues: z.array(z.string()).max(100).optional(),
    maxResults: maxResults.optional(),
    nextToken: z.string().optional(),
  }),
  RegisterJobDefinition: z.object({
    jobDefinitionName: name,
    type: z.enum(['container', 'multinode']),
    parameters: parameters.optional(),
    schedulingPriority: z.number().int().min(0).max(9999).optional(),
    containerProperties: containerProperties.optional(),
    retryStrategy: retryStrategy.optional(),
    propagateTags: z.boolean().optional(),
    timeout: timeout.optional(),
    tags: tags.optional(),
    platformCapabilities: z.array(z.enum(['EC2', 'FARGATE'])).optional(),
  }),
  DeregisterJobDefinition: z.object({ jobDefinition: z.string() }),
  DescribeJobDefinitions: z.object({
    jobDefinitions: z.array(z.string()).max(100).optional(),
    jobDefinitionName: z.string().optional(),
    status: z.string().optional(),
    maxResults: maxResults.optional(),
    nextToken: z.string().optional(),
  }),
  SubmitJob: z.object({
    jobName: name,
    jobQueue: z.string(),
    jobDefinition: z.string(),
    shareIdentifier: z
      .string()
      .regex(/^[A-Za-z0-9]{0,254}[A-Za-z0-9*]$/)
      .optional(),
    schedulingPriorityOverride: z.number().int().min(0).max(9999).optional(),
    arrayProperties: z.object({ size: z.number().int().min(2).max(10_000) }).optional(),
    dependsOn: z
      .array(z.object({ jobId: z.string().optional(), type: z.enum(['N_TO_N', 'SEQUENTIAL']).optional() }))
      .max(20)
      .optional(),
    parameters: parameters.optional(),
    containerOverrides: z
      .object({
        vcpus: vcpus.optional(),
        memory: memory.optional(),
        command: z.array(z.string()).optional(),
        instanceType: z.string().optional(),
        environment: environment.optional(),
        resourceRequirements: z.array(resourceRequirement).optional(),
      })
      .optional(),
    retryStrategy: retryStrategy.optional(),
    propagateTags: z.boolean().optional(),
    timeout: timeout.optional(),
    tags: tags.optional(),
  }),
  DescribeJobs: z.object({ jobs: z.array(z.string()).max(100) }),
  ListJobs: z.object({
    jobQueue: z.string().optional(),
    arrayJobId: z.string().optional(),
    multiNodeJobId: z.string().optional(),
    jobStatus: z
      .enum(['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'])
      .optional(),
    filters: z
      .array(
        z.object({
          name: z.enum([
            'JOB_NAME',
            'JOB_DEFINITION',
            'BEFORE_CREATED_AT',
            'AFTER_CREATED_AT',
            'SHARE_IDENTIFIER',
          ]),
          values: z.array(z.string()).min(1),
        }),
      )
      .max(1)
      .optional(),
    maxResults: z.number().int().min(1).max(1000).optional(),
    nextToken: z.string().optional(),
  }),
  CancelJob: z.object({ jobId: z.string().min(1), reason }),
  TerminateJob: z.object({ jobId: z.string().min(1), reason }),
  GetJobQueueSnapshot: z.object({ jobQueue: z.string() }),
  TagResource: z.object({ tags }),
} as const;

export type Request<Name extends keyof typeof requests> = z.infer<(typeof requests)[Name]>;

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);

/** Faults of a request that its refusal lists at most. */
const LISTED = 20;

/** Parses a request; what is wrong is reported in the words of AWS's validation. */
export const parseRequest = <S extends z.ZodType>(schema: S, body: unknown): z.infer<S> => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const details = issues.slice(0, LISTED).map((issue) => {
    const value = at(body, issue.path);
    const shown = shownValue(value);
    const field = issue.path.join('.') || 'body';
    const constraint = value === undefined ? 'Member must not be null' : issue.message;
    return `Value ${shown} at '${field}' failed to satisfy constraint: ${constraint}`;
  });
  throw clientException(
    `${issues.length} validation error${issues.length > 1 ? 's' : ''} detected: ${details.join('; ')}${issues.length > LISTED ? '; …' : ''}`,
    { cause: parsed.error },
  );
};
