import type { Outcome } from './outcome.ts';

/**
 * One sentence that AWS writes into a reason, whole or from its beginning, and what it says of an attempt.
 */
interface Sentence {
  readonly pattern: RegExp;
  readonly outcome: Outcome;
  readonly source: string;
}

const BATCH_GUIDE = 'AWS Batch user guide';
const ECS_GUIDE = 'Amazon ECS developer guide, stopped tasks';
const ECS_AGENT = 'amazon-ecs-agent, agent/dockerclient/dockerapi/errors.go';
const MOBY = 'moby and runc, errors of create and start';
const NVIDIA = 'libnvidia-container, nvidia-container-cli';
const REGISTRY = 'moby and containerd, errors of a pull; OCI distribution specification, error codes';

/** The container ran and ended; how it ended is told by its exit code and the container's own reason. */
const CONTAINER_EXITED = 'Essential container in task exited';
/** The container did not run; the container's own reason tells why. */
export const FAILED_TO_START = 'Task failed to start';

/** Why a job at the head of its queue does not start, by the code that begins Batch's reason. */
interface RunnableReason {
  readonly code: string;
  /** What follows the code while the job waits. */
  readonly sentence: string;
  /** How the job has ended when Batch or a person gave up waiting. */
  readonly outcome: Outcome;
  /** What to do, for whoever reads the status of a run. */
  readonly fix: string;
}

/** AWS Batch user guide, "Jobs stuck in a RUNNABLE status". */
const RUNNABLE_REASONS = [
  {
    code: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
    sentence: 'Service cannot fulfill the capacity requested for instance type [instanceTypeName]',
    outcome: 'no-capacity',
    fix: 'wait, allow further instance types or zones, or use an on-demand queue (resources.queue)',
  },
  {
    code: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
    sentence: 'CE(s) associated with the job queue cannot meet the CPU requirement of the job.',
    outcome: 'user-error',
    fix: 'ask for fewer vCPUs (resources.vcpus), or raise maxvCpus of the compute environment',
  },
  {
    code: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
    sentence:
      'The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.',
    outcome: 'user-error',
    fix: 'ask for less (resources.vcpus, memoryMiB, gpus), or for a queue with larger machines (resources.queue)',
  },
  {
    code: 'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS',
    sentence: 'Batch service role has a permission issue.',
    outcome: 'user-error',
    fix: 'give the compute environment the service-linked role AWSServiceRoleForBatch',
  },
  {
    code: 'MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED',
    sentence:
      'Your compute environment associated with this job queue has an unsupported instance type configuration.',
    outcome: 'user-error',
    fix: 'choose instance types that region and zones offer and that fit the launch template',
  },
  {
    code: 'ACTION_REQUIRED',
    sentence: 'CE(s) associated with the job queue are invalid.',
    outcome: 'user-error',
    fix: 'DescribeComputeEnvironments says what is wrong with the compute environment',
  },
  {
    code: 'UNDETERMINED',
    sentence: 'Batch job is blocked, root cause is undetermined.',
    outcome: 'lost',
    fix: 'see "Why is my AWS Batch job stuck in RUNNABLE status?" at AWS re:Post',
  },
] as const satisfies readonly RunnableReason[];

/** A sentence without what differs from place to place: the full stop, and spaces around it. */
const plain = (text: string): string => text.trim().replace(/\.$/, '');

/** A code that the table does not list yet counts as its family. */
const FAMILIES: readonly (readonly [RegExp, Outcome])[] = [
  [/^CAPACITY:[A-Z0-9_]+$/, 'no-capacity'],
  [/^MISCONFIGURATION:[A-Z0-9_]+$/, 'user-error'],
];

const WAITING = /^([A-Z_]+(?::[A-Z0-9_]+)?)(?: [-–—] |$)/;
const GIVEN_UP =
  /^(?:Cancell?ed|Terminated) by JobStateTimeLimit action due to reason: ([A-Z_]+(?::[A-Z0-9_]+)?)/;

const outcomeOfCode = (code: string): Outcome | undefined =>
  RUNNABLE_REASONS.find((reason) => reason.code === code)?.outcome ??
  FAMILIES.find(([pattern]) => pattern.test(code))?.[1];

/** The reason of a job that waits at the head of its queue; `undefined` when the text is none. */
export const runnableReason = (
  statusReason: string,
): { readonly code: string; readonly outcome: Outcome; readonly fix?: string } | undefined => {
  const code = WAITING.exec(statusReason.trim())?.[1];
  const outcome = code === undefined ? undefined : outcomeOfCode(code);
  if (code === undefined || outcome === undefined) return undefined;
  const fix = RUNNABLE_REASONS.find((reason) => reason.code === code)?.fix;
  return { code, outcome, ...(fix === undefined ? {} : { fix }) };
};

/**
 * What the container agent says, `Name: text`, in the container's reason, and on Fargate in the status
 * reason. The first match counts. What belongs to the image or to the machine image repeats itself on every
 * machine; what does not is the one machine's, or the network's, and another launch goes elsewhere.
 */
const AGENT_SENTENCES: readonly Sentence[] = [
  {
    pattern: /^OutOfMemoryError: Container killed due to memory usage$/,
    outcome: 'out-of-memory',
    source: ECS_AGENT,
  },

  // Registries that answer that there is no such image, or that it is nothing for this machine. A token that
  // the agent renews, or a registry that is asked too often, says nothing of the image, although the answer
  // may speak of it too.
  {
    pattern:
      /^CannotPull(?:ECR)?(?:Container|ContainerAuth|ImageManifest)Error: .*(?:authorization token has expired|toomanyrequests)/,
    outcome: 'lost',
    source: REGISTRY,
  },
  {
    pattern:
      /^CannotPull(?:ECR)?(?:Container|ContainerAuth|ImageManifest)Error(?=:)(?!.*content digest).*(?:manifest unknown|name unknown|: not found\b|404 Not Found|does not exist or may require 'docker login'|repository with name '.*' does not exist|does not exist in the registry)/,
    outcome: 'image-error',
    source: REGISTRY,
  },
  {
    pattern:
      /^CannotPull(?:ECR)?(?:Container|ImageManifest)Error: .*(?:no matching manifest for|does not contain descriptor matching platform|no match for platform in manifest|image operating system .* cannot be used on this platform)/,
    outcome: 'image-error',
    source: REGISTRY,
  },
  {
    pattern: /^CannotPull(?:ECR)?ContainerError: .*invalid reference format/,
    outcome: 'image-error',
    source: REGISTRY,
  },
  // A right that a role lacks is lacking on every machine.
  {
    pattern:
      /^CannotPull(?:ECR)?(?:Container|ContainerAuth|ImageManifest)Error: .*(?:AccessDenied|is not authorized to perform|no basic auth credentials|\b403 Forbidden|pull access denied)/,
    outcome: 'image-error',
    source: ECS_GUIDE,
  },
  {
    pattern:
      /^ResourceInitializationError: .*(?:AccessDenied|is not authorized to perform|ResourceNotFoundException)/,
    outcome: 'user-error',
    source: ECS_GUIDE,
  },

  // Commands that the image does not have, or that are built for another processor.
  {
    pattern:
      /^Cannot(?:Create|Start)ContainerError: .*(?:exec format error|executable file not found in \$PATH|exec: ".*": (?:stat .*: )?(?:no such file or directory|permission denied)|no command specified)/,
    outcome: 'image-error',
    source: MOBY,
  },
  {
    pattern:
      /^Cannot(?:Create|Start)ContainerError: .*(?:could not select device driver "(?:nvidia|)" with capabilities|[Uu]nknown runtime specified|unknown or invalid runtime name)/,
    outcome: 'user-error',
    source: MOBY,
  },
  {
    pattern: /^Cannot(?:Create|Start)ContainerError: .*nvidia-container-cli: requirement error/,
    outcome: 'image-error',
    source: NVIDIA,
  },
  {
    pattern: /^InvalidVolumeError: /,
    outcome: 'user-error',
    source: 'amazon-ecs-agent, agent/api/errors',
  },

  // Everything else that an agent fails at: no space on its disk, a registry or daemon that did not answer in
  // time, …
  {
    pattern: /^(?:DockerTimeoutError|DockerStateError|ContainerVanishedError|NoSuchContainerError): /,
    outcome: 'lost',
    source: ECS_AGENT,
  },
  {
    pattern: /^(?:Cannot[A-Za-z]+Error|ResourceInitializationError|ContainerNetworkingError): /,
    outcome: 'lost',
    source: ECS_AGENT,
  },
  {
    pattern:
      /^(?:InternalError|ContainerRuntime(?:Timeout)?Error|ImpossibleStateTransitionError|TaskDependencyError|TaskStoppedBeforePullBeginError|ENIInformationError|NetworkNamespaceError|HostResourceError|TaskFailedToStart|AgentError): ?/,
    outcome: 'lost',
    source: `${ECS_GUIDE}; amazon-ecs-agent, agent/engine/errors.go`,
  },
];

/** What Batch and ECS say of a job or task, in the status reason. The first match counts. */
const STATUS_SENTENCES: readonly Sentence[] = [
  {
    pattern: /^Host EC2 \(instance i-[0-9a-f]+\) (?:terminated|stopped)\.?(?: .*)?$/,
    outcome: 'preempted',
    source: `${BATCH_GUIDE}, automated job retries`,
  },
  {
    pattern: /^(?:SpotInterruption: )?Your Spot Task was interrupted\.?$/,
    outcome: 'preempted',
    source: 'Amazon ECS developer guide, Fargate Spot',
  },
  {
    pattern: /^Job attempt duration exceeded timeout$/,
    outcome: 'timed-out',
    source: `${BATCH_GUIDE}, job timeouts`,
  },
  { pattern: /^Dependent Job failed$/, outcome: 'user-error', source: `${BATCH_GUIDE}, job dependencies` },
  { pattern: /^(?:Array Child Jobs? failed)$/, outcome: 'user-error', source: `${BATCH_GUIDE}, array jobs` },
  {
    pattern: /^Timeout waiting for (?:network interface|EphemeralStorage) provisioning to complete\.?$/,
    outcome: 'lost',
    source: ECS_GUIDE,
  },
  {
    pattern: /^Unexpected EC2 error while attempting to (?:Create|Delete|tag) [Nn]etwork [Ii]nterface/,
    outcome: 'lost',
    source: ECS_GUIDE,
  },
  { pattern: /^Capacity is unavailable at this time/, outcome: 'no-capacity', source: ECS_GUIDE },
  { pattern: /^ECS was unable to assume the role /, outcome: 'user-error', source: ECS_GUIDE },
  ...AGENT_SENTENCES,
];

const outcomeAmong = (sentences: readonly Sentence[], text: string): Outcome | undefined =>
  sentences.find(({ pattern }) => pattern.test(plain(text)))?.outcome;

/**
 * What AWS says in a status reason; `undefined` for words that are not AWS's, and for sentences that say
 * nothing of the cause.
 */
export const outcomeOfStatus = (statusReason: string): Outcome | undefined => {
  const code = GIVEN_UP.exec(statusReason.trim())?.[1];
  if (code !== undefined) return outcomeOfCode(code) ?? 'no-capacity';
  return runnableReason(statusReason)?.outcome ?? outcomeAmong(STATUS_SENTENCES, statusReason);
};

/** What the container agent says in a container's reason; `undefined` when it is not known. */
export const outcomeOfContainer = (containerReason: string): Outcome | undefined =>
  outcomeAmong(AGENT_SENTENCES, containerReason);

/** A queue's time limit ended the job, rather than a person, although Batch flags both as cancelled. */
export const isTimeLimit = (statusReason: string): boolean => GIVEN_UP.test(statusReason.trim());

/** Sentences that only say that the attempt is over. */
export const saysNothing = (statusReason: string): boolean =>
  ['', CONTAINER_EXITED, FAILED_TO_START].includes(plain(statusReason));
