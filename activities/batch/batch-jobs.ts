/** One process that Batch ran for a job. */
export interface BatchAttempt {
  readonly exitCode?: number | undefined;
  readonly statusReason?: string | undefined;
  readonly containerReason?: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt?: number | undefined;
  readonly stoppedAt?: number | undefined;
}

/** A Batch job as far as launching and waiting need it. */
export interface BatchJob {
  readonly id: string;
  readonly status: 'SUBMITTED' | 'PENDING' | 'RUNNABLE' | 'STARTING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly statusReason?: string | undefined;
  /** Whether somebody called CancelJob or TerminateJob, whose words the status reason then is. */
  readonly ended?: boolean | undefined;
  /** Attempts that ended, oldest first. */
  readonly attempts: readonly BatchAttempt[];
}

export interface BatchSubmission {
  readonly name: string;
  readonly queue: string;
  readonly jobDefinition: string;
  /** URI of the job document, or of the array's (`JobArray`): the container's one argument. */
  readonly job: string;
  /** Children of an array; absent for a single job. */
  readonly size?: number;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  /** Processes that Batch may start, 1 to 10; it starts a further one after a reclaim only. */
  readonly attempts: number;
  /** Limit of each attempt. */
  readonly timeoutSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The part of AWS Batch that the protocol uses. */
export interface BatchJobs {
  /** Not idempotent: look up by name first. */
  submit(submission: BatchSubmission): Promise<string>;
  /** Ids of all jobs of that name in the queue, oldest first, whatever their state. */
  find(queue: string, name: string): Promise<string[]>;
  /**
   * Jobs of the queue that have not ended and whose name begins so, with the URI of the document that each
   * was given.
   */
  unfinished(queue: string, beginning: string): Promise<{ readonly id: string; readonly job: string }[]>;
  /** At most 100 ids; jobs that Batch does not know are left out. */
  describe(ids: readonly string[]): Promise<BatchJob[]>;
  /** Harmless for a job that has ended. */
  terminate(id: string, reason: string): Promise<void>;
}

export const hasEnded = (job: BatchJob): boolean => job.status === 'SUCCEEDED' || job.status === 'FAILED';
