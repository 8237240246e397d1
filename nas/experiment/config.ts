import { z } from 'zod';

/**
 * Where a run's jobs, data and workflows live. `nas.config.yaml` holds these fields; so does the environment.
 */
export const configSchema = z.strictObject({
  /** AWS region; environment AWS_REGION. */
  region: z.string().min(1),
  /** S3 bucket of data, runs and checkpoints; environment NAS_BUCKET. */
  bucket: z.string().min(3),
  /** Batch job queue that an experiment uses unless it names one; environment NAS_QUEUE. */
  queue: z.string().min(1),
  /** Batch job definition of the trainer; environment NAS_JOB_DEFINITION. */
  jobDefinition: z.string().min(1),
  /** `host:port` of the Temporal frontend; environment TEMPORAL_ADDRESS. */
  temporalAddress: z.string().regex(/^[^\s:/]+:\d+$/, 'allowed: host:port'),
  /** Environment TEMPORAL_NAMESPACE. */
  temporalNamespace: z.string().min(1).default('default'),
  /** Temporal task queue that the worker polls; environment NAS_TASK_QUEUE. */
  taskQueue: z.string().min(1).default('nas'),
});
export type Config = z.infer<typeof configSchema>;

/** The environment variable of each field. */
export const CONFIG_VARIABLES = {
  region: 'AWS_REGION',
  bucket: 'NAS_BUCKET',
  queue: 'NAS_QUEUE',
  jobDefinition: 'NAS_JOB_DEFINITION',
  temporalAddress: 'TEMPORAL_ADDRESS',
  temporalNamespace: 'TEMPORAL_NAMESPACE',
  taskQueue: 'NAS_TASK_QUEUE',
} as const satisfies Record<keyof Config, string>;
