import { jobEnvironment } from '../environment.ts';
import type { Place } from './names.ts';
import type { Credentials } from './signature.ts';

/**
 * Requests a second that an operation takes before it answers TooManyRequestsException; bursts of one second.
 */
export type RateLimits = Readonly<Record<string, number>>;

export interface LocalBatchOptions {
  /** Folder of the endpoint's state, its job logs included. One endpoint at a time. */
  readonly stateDir: string;
  /** Keys that requests must be signed with. */
  readonly credentials: Credentials;
  /** Loopback port; 0 picks a free one. */
  readonly port?: number;
  /** Working directory of job processes; the current directory when absent. */
  readonly cwd?: string;
  /** Jobs that may run at once, until changed through the admin API; kept with the state. */
  readonly slots?: number;
  /** What the machine offers to all jobs together. */
  readonly vcpus?: number;
  readonly memoryMiB?: number;
  readonly gpus?: number;
  readonly place?: Place;
  /** Environment that job processes inherit; what a trainer needs of this process's when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds of one emulated second, for timeouts, notices and grace periods. */
  readonly secondMs?: number;
  /** Emulated seconds between SIGTERM and SIGKILL. */
  readonly stopTimeoutSeconds?: number;
  /**
   * Milliseconds that a job rests in SUBMITTED and in STARTING, for clients that want to see these states.
   */
  readonly stateMs?: number;
  /** Milliseconds after which an array spawns its children; until then nobody knows them, as in Batch. */
  readonly spawnMs?: number;
  /** Whether a job that outgrows its memory is killed (where the system tells its memory). */
  readonly enforceMemory?: boolean;
  readonly rateLimits?: RateLimits;
  /** Days for which finished jobs can be described. */
  readonly retentionDays?: number;
  /** Called when the state can no longer be written; the endpoint accepts nothing from then on. */
  readonly onFatal?: (error: Error) => void;
  /** Milliseconds from anywhere that steps of the machine's clock do not touch. */
  readonly monotonic?: () => number;
}

export type Options = Required<LocalBatchOptions>;

/** Every default of the endpoint. */
export const withDefaults = (options: LocalBatchOptions): Options => ({
  port: 0,
  cwd: process.cwd(),
  slots: 2,
  vcpus: 1024,
  memoryMiB: 16 * 1024 * 1024,
  gpus: 0,
  place: { region: process.env['AWS_REGION'] ?? 'us-east-1', account: '000000000000' },
  env: jobEnvironment(process.env),
  secondMs: 1000,
  stopTimeoutSeconds: 30,
  stateMs: 0,
  spawnMs: 100,
  enforceMemory: true,
  rateLimits: {},
  retentionDays: 7,
  onFatal: () => undefined,
  monotonic: () => performance.now(),
  ...options,
});
