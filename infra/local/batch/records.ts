import type {
  AttemptDetail,
  ComputeEnvironmentDetail,
  ContainerProperties,
  JobDefinition,
  JobDependency,
  JobQueueDetail,
  JobStatus,
  RetryStrategy,
} from '@aws-sdk/client-batch';
import type { RunningReplay } from './replay.ts';

/** One submission, fixed when it is accepted; the children of an array share their parent's. */
export interface JobSpec {
  readonly jobId: string;
  readonly jobName: string;
  /** Name of the queue. */
  readonly queue: string;
  readonly jobDefinitionArn: string;
  readonly jobDefinitionName: string;
  /** The definition's container properties with the submission's overrides applied. */
  readonly container: ContainerProperties;
  readonly parameters: Readonly<Record<string, string>>;
  readonly retryStrategy: RetryStrategy & { readonly attempts: number };
  /** Emulated seconds that one attempt may take. */
  readonly timeoutSeconds?: number;
  readonly dependsOn: readonly JobDependency[];
  readonly arraySize?: number;
  readonly shareIdentifier?: string;
  readonly schedulingPriority?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags: boolean;
  readonly createdAt: number;
}

/** Why the endpoint is ending an attempt itself; decides the attempt's reasons. */
export type StopCause = 'host-terminated' | 'timeout' | 'terminated' | 'memory';

export interface Stop {
  readonly cause: StopCause;
  /** Reason that a TerminateJob call gave. */
  readonly reason?: string;
  /** SIGKILL follows at this reading of the awake clock. */
  readonly killTick?: number;
  readonly termSent: boolean;
}

/** The attempt that a job in STARTING or RUNNING is making. */
export interface CurrentAttempt {
  /** 1 for the first. */
  readonly number: number;
  /** Absolute folder of the attempt: its claim, its command's process id, exit status and log. */
  readonly dir: string;
  readonly instanceId: string;
  readonly computeEnvironment: string;
  readonly taskId: string;
  readonly logStreamName: string;
  /** Process id of the supervising shell, once known. */
  readonly pid?: number;
  readonly startedAt?: number;
  /** Reading of the awake clock at the start: its timeout is counted from here. */
  readonly startedTick?: number;
  readonly stop?: Stop;
}

/** A job that can run, or the parent of an array (then `current` and `attempts` stay empty). */
export interface Job {
  readonly jobId: string;
  /** Job id of the spec: the own one, or the parent's for a child of an array. */
  readonly specId: string;
  /** Position in the array. */
  readonly index?: number;
  /** When the array spawned this child, ms since the epoch. */
  readonly spawnedAt?: number;
  readonly status: JobStatus;
  readonly statusReason?: string;
  readonly attempts: readonly AttemptDetail[];
  readonly current?: CurrentAttempt;
  /** Reasons and exit code of the newest finished attempt. */
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  /** When the job last became RUNNABLE. */
  readonly runnableAt?: number;
  /** Reading of the awake clock when the job ended. */
  readonly endedTick?: number;
  /**
   * Reading of the awake clock since when `statusReason` says why the job waits, at the head of its queue.
   */
  readonly blockedTick?: number;
  readonly isCancelled?: boolean;
  readonly isTerminated?: boolean;
}

/**
 * An emulated EC2 instance; it hosts one attempt and vanishes with it. Times in ms since the epoch, for show;
 * what happens follows the readings of the awake clock, so that no job loses its notice because the machine
 * slept.
 */
export interface Instance {
  readonly instanceId: string;
  readonly containerInstanceId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly market: 'spot' | 'on-demand';
  readonly instanceType: string;
  readonly availabilityZone: string;
  readonly launchedAt: number;
  /** From when the metadata service shows a rebalance recommendation. */
  readonly rebalanceAt?: number;
  /** From when the metadata service shows the interruption notice. */
  readonly noticeAt?: number;
  /** When the host shuts down: SIGTERM, then SIGKILL after the stop timeout. */
  readonly terminateAt?: number;
  readonly rebalanceTick?: number;
  readonly noticeTick?: number;
  readonly terminateTick?: number;
}

/** Settings that outlive a restart. */
export interface Settings {
  /** Jobs that may run at once. */
  readonly slots: number;
  /** Container images that cannot be pulled. */
  readonly unavailableImages: readonly string[];
}

/** Everything that is kept, by collection. */
export interface Collections {
  readonly computeEnvironments: ComputeEnvironmentDetail;
  readonly jobQueues: JobQueueDetail;
  /** Keyed `name:revision`. */
  readonly jobDefinitions: JobDefinition;
  readonly specs: JobSpec;
  readonly jobs: Job;
  readonly instances: Instance;
  /** One record, `current`. */
  readonly settings: Settings;
  /** At most one record, `current`. */
  readonly replays: RunningReplay;
  /** At most one record, `current`: the awake clock. */
  readonly clock: { readonly awakeMs: number };
}

export const isTerminal = (job: Job): boolean => job.status === 'SUCCEEDED' || job.status === 'FAILED';
